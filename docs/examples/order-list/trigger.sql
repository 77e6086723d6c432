CREATE TRIGGER orders_tell AFTER INSERT ON orders FOR EACH ROW
  INSERT INTO comet_messages (name, event, message)
  VALUES ('orders', 'new', JSON_OBJECT('id', NEW.id, 'title', NEW.title, 'price', NEW.price, 'state', NEW.state));
CREATE TRIGGER orders_tell_again AFTER UPDATE ON orders FOR EACH ROW
  INSERT INTO comet_messages (name, event, message)
  VALUES ('orders', 'changed', JSON_OBJECT('id', NEW.id, 'title', NEW.title, 'price', NEW.price, 'state', NEW.state));
