mysql -h 127.0.0.1 -P 3307 -u root -pPASSWORD CometQL_v1 \
  -e "INSERT INTO pipes_messages (name, event, message) VALUES ('web_demo', 'message', 'Hello from the shell')"
