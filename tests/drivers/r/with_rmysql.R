# RMySQL
suppressMessages(library(RMySQL))

TEXT <- "It's a \"test\" of \\n, C:\\new and 100 % of ? :x\nthe second line: \U0001f9a6 \u0451"
channel <- Sys.getenv("DB_CHANNEL")
insert <- "INSERT INTO pipes_messages (name, event, message) VALUES (?name, ?event, ?text)"

connect <- function(password) {
  dbConnect(MySQL(), host = Sys.getenv("DB_HOST"), port = as.integer(Sys.getenv("DB_PORT")),
            user = "root", password = password, dbname = "CometQL_v1")
}

step <- function(name, work) {
  tryCatch(
    cat(sprintf("{\"step\": \"%s\", \"got\": %s}\n", name, work())),
    error = function(e) cat(name, ": ", conditionMessage(e), "\n", sep = "", file = stderr()))
}

whether <- function(value) if (isTRUE(value)) "true" else "false"

# snippet
db <- connect(Sys.getenv("DB_PASSWORD"))
invisible(dbExecute(db, "SET NAMES utf8mb4"))

publish <- function(event, text) {
  sql <- "INSERT INTO pipes_messages (name, event, message) VALUES (?name, ?event, ?text)"
  dbExecute(db, sqlInterpolate(db, sql, name = channel, event = event, text = enc2utf8(text)))
}
# end of snippet

step("connect", function() whether(dbIsValid(db)))
step("text", function() {
  publish("text", TEXT)
  kept <- dbGetQuery(db, sprintf("SELECT message FROM pipes_messages WHERE name = '%s'", channel))$message
  Encoding(kept) <- "UTF-8"
  whether(identical(kept, TEXT))
})
step("wrong password", function() tryCatch(connect("wrong"), error = function(e)
  if (grepl("Access denied", conditionMessage(e))) 1045 else conditionMessage(e)))
step("integers", function() {
  row <- dbGetQuery(db, "SELECT id, time FROM users_time WHERE id = 7")
  stopifnot(is.numeric(row$id), is.numeric(row$time))
  sprintf("[%d, %d]", as.integer(row$id), as.integer(row$time))
})
step("syntax error", function() {
  try(dbExecute(db, "SELEC 1"), silent = TRUE)
  number <- dbGetException(db)$errorNum
  sprintf("[%d, %d]", as.integer(number), as.integer(dbGetQuery(db, "SELECT id FROM users_time WHERE id = 7")$id))
})
step("thousand", function() as.character(sum(sapply(0:999, function(n) publish("thousand", as.character(n))))))
step("rollback", function() {
  dbBegin(db)
  publish("rolled-back", "goes")
  dbRollback(db)
  dbBegin(db)
  publish("committed", "stays")
  whether(dbCommit(db))
})
step("close", function() whether(dbDisconnect(db)))
