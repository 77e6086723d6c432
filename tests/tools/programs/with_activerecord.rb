# ActiveRecord: what it sees of the tables, and models that read and write.
#
# Its arguments are the port and the password; it prints JSON of what it has found.
require 'active_record'
require 'json'

port, password = ARGV
ActiveRecord::Base.establish_connection(
  adapter: 'mysql2', host: '127.0.0.1', port: port, username: 'root', password: password,
  database: 'CometQL_v1', encoding: 'utf8mb4'
)
db = ActiveRecord::Base.connection
got = { version: db.select_value('SELECT VERSION()') }

got[:tables] = db.tables.sort
got[:views] = db.views
got[:there] = [db.table_exists?('users_auth'), db.data_source_exists?('users_auth'), db.table_exists?('nothing')]
got[:columns], got[:keys], got[:indexes], got[:about] = {}, {}, {}, {}
got[:tables].each do |table|
  got[:columns][table] = db.columns(table).map do |each|
    [each.name, each.type, each.sql_type, each.limit, each.null, each.default, each.comment]
  end
  got[:keys][table] = db.primary_keys(table)
  got[:indexes][table] = db.indexes(table).map { |each| [each.name, each.columns, each.unique] }
  got[:about][table] = [db.table_comment(table), db.foreign_keys(table), db.check_constraints(table)]
end
got[:charset] = db.charset

class Datum < ActiveRecord::Base
  self.table_name = 'users_data'
end

class Auth < ActiveRecord::Base
  self.table_name = 'users_auth'
  has_one :datum, foreign_key: :id
end

ids = [940, 941, 942, 943]
mine = Datum.where(id: ids)
Datum.create!(id: 940, data: 'Ann')
Datum.insert_all!([{ id: 941, data: 'Ben' }, { id: 942, data: "it's 🦦" }])
Datum.upsert_all([{ id: 941, data: 'Benjamin' }, { id: 943, data: 'Cy' }])
got[:rows] = mine.order(id: :desc).pluck(:id, :data)
got[:page] = mine.order(:id).limit(2).offset(1).map(&:id)
got[:batches] = mine.in_batches(of: 3).map { |each| each.pluck(:id) }
got[:find] = [Datum.find(942).data, Datum.find_by(id: 999), mine.first.id, mine.last.id]
got[:like] = mine.where('data LIKE ?', '%nn%').count
got[:sums] = [mine.minimum(:id), mine.maximum(:id), mine.sum(:id), mine.count]
got[:exists] = [mine.exists?, mine.where(data: 'nobody').exists?]
got[:grouped] = Auth.group(:hash).count
got[:joined] = Auth.joins(:datum).order(:id).pluck(:id, 'users_data.data')
got[:included] = Auth.includes(:datum).order(:id).map { |each| [each.id, each.datum.data] }
row = Datum.find(940)
got[:updated] = [row.update!(data: 'Anna'), row.reload.data, mine.where(id: [942, 943]).update_all(data: 'changed')]
got[:changed] = mine.order(:id).pluck(:data)
got[:deleted] = [row.destroy.destroyed?, Datum.delete(941), mine.delete_all]
got[:types] = db.select_one(
  'SELECT id, COUNT(*) AS n, SUM(id) AS s, NOW() AS moment, data FROM users_data WHERE id = 1 GROUP BY id, data'
).transform_values(&:class)

# A message is published when it is committed; the server gives it an id of its own.
class Message < ActiveRecord::Base
  self.table_name = 'pipes_messages'
end

class Setting < ActiveRecord::Base
  self.table_name = 'pipes_settings'
end

channel = { name: 'activerecord' }
say = ->(id, text) { Message.create!(**channel, id: id, event: 'say', message: text) }
Setting.create!(**channel, length: 10)
say.call('one', 'by a model')
Message.transaction { say.call('two', 'in a transaction') }
Message.transaction do
  say.call('three', 'never')
  raise ActiveRecord::Rollback
end
got[:messages] = Message.where(channel).pluck(:message)
Message.where(channel).delete_all
Setting.where(channel).delete_all

class Presence < ActiveRecord::Base
  self.table_name = 'users_time'
end

got[:refused] = begin
  Presence.create!(id: 940, time: 1)
  Presence.delete(940)
rescue ActiveRecord::StatementInvalid => error
  [error.cause.error_number, error.cause.message]
end
puts JSON.generate(got)
