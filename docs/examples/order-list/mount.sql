CREATE SERVER comet FOREIGN DATA WRAPPER mysql OPTIONS (
  host '127.0.0.1', port 3307, user 'root', password 'PASSWORD', database 'CometQL_v1'
);
CREATE TABLE comet_messages ENGINE=FEDERATED CONNECTION='comet/pipes_messages';
