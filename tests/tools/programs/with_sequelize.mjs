// Sequelize: what it sees of the tables, and models that read and write.
//
// Its arguments are the port and the password; it prints JSON of what it has found.
import { DataTypes, Op, QueryTypes, Sequelize, Transaction } from 'sequelize'

const [port, password] = process.argv.slice(2)
const db = new Sequelize('CometQL_v1', 'root', password, {
  dialect: 'mysql',
  host: '127.0.0.1',
  port,
  logging: false,
  define: { timestamps: false, freezeTableName: true },
  isolationLevel: Transaction.ISOLATION_LEVELS.READ_COMMITTED,
})
await db.authenticate()
const got = { version: await db.databaseVersion() }

const schema = db.getQueryInterface()
got.tables = (await schema.showAllTables()).map(each => each.tableName ?? each).sort()
got.there = [await schema.tableExists('users_auth'), await schema.tableExists('nothing')]
got.foreign = await schema.getForeignKeyReferencesForTable('users_auth')
got.columns = {}
got.indexes = {}
for (const table of got.tables) {
  got.columns[table] = await schema.describeTable(table)
  got.indexes[table] = (await schema.showIndex(table)).map(
    each => [each.name, each.unique, each.primary, each.fields.map(field => field.attribute)],
  )
}

const id = { type: DataTypes.INTEGER, primaryKey: true }
const Data = db.define('users_data', { id, data: DataTypes.TEXT })
const Auth = db.define('users_auth', { id, hash: DataTypes.STRING(32) })
Auth.hasOne(Data, { foreignKey: 'id', sourceKey: 'id', constraints: false })
const where = { id: [920, 921, 922, 923] }
await Data.create({ id: 920, data: 'Ann' })
await Data.bulkCreate([{ id: 921, data: 'Ben' }, { id: 922, data: "it's 🦦" }, { id: 923, data: 'Cy' }])
await Data.upsert({ id: 921, data: 'Benjamin' })
const [found, made] = await Data.findOrCreate({ where: { id: 923 }, defaults: { data: 'new' } })
got.found = [found.data, made]
got.rows = await Data.findAll({ where, order: [['id', 'DESC']], raw: true })
got.page = await Data.findAndCountAll({
  where: { id: { [Op.gte]: 920 } }, order: ['id'], limit: 2, offset: 1, attributes: ['id'], raw: true,
})
got.like = await Data.count({ where: { ...where, data: { [Op.like]: '%nn%' } } })
got.sums = [await Data.min('id', { where }), await Data.max('id', { where }), await Data.sum('id', { where })]
got.joined = (await Auth.findAll({ include: Data, order: ['id'] })).map(
  each => [each.id, each.hash, each.users_datum.data],
)
got.grouped = await Auth.findAll({
  attributes: ['hash', [db.fn('COUNT', db.col('id')), 'n']], group: 'hash', order: ['hash'], raw: true,
})
const row = await Data.findByPk(920)
row.data = 'Anna'
await row.save()
await Data.update({ data: 'changed' }, { where: { id: { [Op.in]: [922, 923] } } })
got.changed = (await Data.findAll({ where, order: ['id'] })).map(each => each.data)
await row.destroy()
got.destroyed = [await Data.destroy({ where: { id: 921 } }), await Data.destroy({ where, limit: 1 })]
got.left = await Data.count({ where })
await Data.destroy({ where })

const [answer] = await db.query(
  'SELECT id, COUNT(*) AS n, SUM(id) AS s, AVG(id) AS a, NOW() AS moment, data FROM users_data'
  + ' WHERE id = :id GROUP BY id, data',
  { replacements: { id: 1 }, type: QueryTypes.SELECT },
)
got.types = Object.entries(answer).map(([name, value]) => [name, value.constructor.name])
got.bound = await db.query('SELECT data FROM users_data WHERE id = $1', { bind: [2], type: QueryTypes.SELECT })

const Setting = db.define('pipes_settings', {
  name: { type: DataTypes.STRING, primaryKey: true }, length: DataTypes.INTEGER,
})
// The server gives an id of its own.
const Message = db.define('pipes_messages', {
  id: { type: DataTypes.STRING(36), primaryKey: true },
  name: DataTypes.STRING,
  event: DataTypes.STRING,
  message: DataTypes.TEXT,
})
const channel = { name: 'sequelize' }
const say = (id, message, transaction) => Message.create({ ...channel, id, event: 'say', message }, { transaction })
await Setting.create({ ...channel, length: 10 })
await say('one', 'by a model')
await db.transaction(transaction => say('two', 'in a transaction', transaction))
await db.transaction(async transaction => {
  await say('three', 'never', transaction)
  throw new Error('changed my mind')
}).catch(() => {})
got.messages = (await Message.findAll({ where: channel, attributes: ['message'] })).map(each => each.message)
await Message.destroy({ where: channel })
await Setting.destroy({ where: channel })

const Time = db.define('users_time', { id, time: DataTypes.BIGINT })
got.readOnly = await Time.create({ id: 920, time: 1 }).then(
  () => Time.destroy({ where: { id: 920 } }),
  error => [error.original.errno, error.message],
)
await db.close()
console.log(JSON.stringify(got))
