DELIMITER //
CREATE OR REPLACE TRIGGER orders_tell AFTER INSERT ON orders FOR EACH ROW
BEGIN
  -- The order counts, whatever becomes of the message.
  DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END;
  INSERT INTO comet_messages (name, event, message)
  VALUES ('orders', 'new', JSON_OBJECT('id', NEW.id, 'title', NEW.title, 'price', NEW.price, 'state', NEW.state));
END//
DELIMITER ;
