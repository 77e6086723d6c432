# mysql2
require 'json'
require 'mysql2'

CHANNEL, CA = ENV.values_at('DB_CHANNEL', 'DB_CA')
INSERT = 'INSERT INTO pipes_messages (name, event, message) VALUES (?, ?, ?)'
TEXT = "It's a \"test\" of \\n, C:\\new and 100 % of ? :x\nthe second line: 🦦 ё"
SERVER = { host: ENV['DB_HOST'], port: ENV['DB_PORT'].to_i, username: 'root', password: ENV['DB_PASSWORD'],
           database: 'CometQL_v1', encoding: 'utf8mb4' }

def step(name)
  puts JSON.generate(step: name, got: yield)
rescue StandardError => e
  warn "#{name}: #{e.message}"
end

# snippet
client = Mysql2::Client.new(**SERVER)
client.query("INSERT INTO pipes_messages (name, event, message)
              VALUES ('#{CHANNEL}', 'text', '#{client.escape(TEXT)}')")
kept = client.prepare('SELECT message FROM pipes_messages WHERE name = ?').execute(CHANNEL).to_a
# end of snippet

step('connect') { client.ping }
step('text') { kept == [{ 'message' => TEXT }] }
step('wrong password') do
  Mysql2::Client.new(**SERVER, password: 'wrong')
rescue Mysql2::Error::ConnectionError, Mysql2::Error => e
  e.error_number
end
step('tls') do
  other = Mysql2::Client.new(**SERVER, port: ENV['DB_TLS_PORT'].to_i, sslca: CA)
  id = other.query('SELECT id FROM users_time WHERE id = 7').first['id']
  other.close
  id
end
step('integers') { client.query('SELECT id, time FROM users_time WHERE id = 7').first.values }
step('prepared') do
  client.prepare(INSERT).execute(CHANNEL, 'prepared', TEXT)
  texts = client.prepare('SELECT message FROM pipes_messages WHERE name = ?').execute(CHANNEL).to_a
  row = client.prepare('SELECT id, time FROM users_time WHERE id = ?').execute(7).first
  [texts[1]['message'] == TEXT, *row.values]
end
step('syntax error') do
  begin
    client.query('SELEC 1')
  rescue Mysql2::Error => e
    number = e.error_number
  end
  [number, client.query('SELECT id FROM users_time WHERE id = 7').first['id']]
end
step('thousand') do
  insert = client.prepare(INSERT)
  1000.times.sum do |n|
    insert.execute(CHANNEL, 'thousand', n.to_s)
    insert.affected_rows
  end
end
step('rollback') do
  insert = client.prepare(INSERT)
  client.query('BEGIN')
  insert.execute(CHANNEL, 'rolled-back', 'goes')
  client.query('ROLLBACK')
  client.query('BEGIN')
  insert.execute(CHANNEL, 'committed', 'stays')
  client.query('COMMIT')
  true
end
step('close') do
  client.close
  client.closed?
end
