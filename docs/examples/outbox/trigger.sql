CREATE TRIGGER orders_tell AFTER INSERT ON orders FOR EACH ROW
  INSERT INTO outbox (name, event, message)
  VALUES ('orders', 'new', JSON_OBJECT('id', NEW.id, 'title', NEW.title, 'price', NEW.price, 'state', NEW.state));
