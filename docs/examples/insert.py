# pip install PyMySQL
import pymysql

comet = pymysql.connect(host="127.0.0.1", port=3307, user="root", password="PASSWORD", autocommit=True)
comet.cursor().execute(
    "INSERT INTO pipes_messages (name, event, message) VALUES (%s, %s, %s)",
    ("web_demo", "message", "Hello from Python"),
)
