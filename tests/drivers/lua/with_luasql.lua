-- LuaSQL
local luasql = require("luasql.mysql")
local host, port, password = os.getenv("DB_HOST"), os.getenv("DB_PORT"), os.getenv("DB_PASSWORD")
local channel = os.getenv("DB_CHANNEL")
local TEXT = "It's a \"test\" of \\n, C:\\new and 100 % of ? :x\nthe second line: 🦦 ё"

local function step(name, work)
    local done, got = pcall(work)
    if done then
        print(string.format('{"step": "%s", "got": %s}', name, got))
    else
        io.stderr:write(name, ": ", tostring(got), "\n")
    end
end

-- The errors of LuaSQL have no numbers.
local function number(message)
    return message:find("Access denied") and 1045 or message:find("syntax") and 1064 or 0
end

-- snippet
local db = assert(luasql.mysql():connect("CometQL_v1", "root", password, host, tonumber(port)))
db:execute("SET NAMES utf8mb4")

local function publish(event, text)
    return assert(db:execute(string.format(
        "INSERT INTO pipes_messages (name, event, message) VALUES ('%s', '%s', '%s')",
        channel, event, db:escape(text))))
end
-- end of snippet

local function row(sql)
    local cursor = assert(db:execute(sql))
    local first, second = cursor:fetch()
    cursor:close()
    return first, second
end

step("connect", function() return row("SELECT id FROM users_time WHERE id = 7") == "7" end)
step("text", function()
    publish("text", TEXT)
    return row("SELECT message FROM pipes_messages WHERE name = '" .. channel .. "'") == TEXT
end)
step("wrong password", function()
    local _, message = luasql.mysql():connect("CometQL_v1", "root", "wrong", host, tonumber(port))
    return number(message)
end)
step("integers", function()
    local id, time = row("SELECT id, time FROM users_time WHERE id = 7")
    local types = assert(db:execute("SELECT id, time FROM users_time WHERE id = 7")):getcoltypes()
    assert(types[1]:find("number") and types[2]:find("number"), types[1])
    return string.format("[%d, %d]", math.tointeger(id), math.tointeger(time))
end)
step("syntax error", function()
    local _, message = db:execute("SELEC 1")
    return string.format("[%d, %s]", number(message), row("SELECT id FROM users_time WHERE id = 7"))
end)
step("thousand", function()
    local count = 0
    for n = 0, 999 do count = count + publish("thousand", tostring(n)) end
    return count // 1
end)
step("rollback", function()
    db:setautocommit(false)
    publish("rolled-back", "goes")
    db:rollback()
    publish("committed", "stays")
    db:commit()
    return true
end)
step("close", function() return db:close() end)
