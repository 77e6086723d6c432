// go-sql-driver/mysql
package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/go-sql-driver/mysql"
)

const (
	insert = "INSERT INTO pipes_messages (name, event, message) VALUES (?, ?, ?)"
	find   = "SELECT message FROM pipes_messages WHERE name = ?"
	times  = "SELECT id, time FROM users_time WHERE id = ?"
	text   = "It's a \"test\" of \\n, C:\\new and 100 % of ? :x\nthe second line: 🦦 ё"
)

var channel = os.Getenv("DB_CHANNEL")

func step(name string, work func() (any, error)) {
	got, err := work()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return
	}
	line, _ := json.Marshal(map[string]any{"step": name, "got": got})
	fmt.Println(string(line))
}

func open(port, password, more string) *sql.DB {
	where := fmt.Sprintf("root:%s@tcp(%s:%s)/CometQL_v1?charset=utf8mb4%s", password, os.Getenv("DB_HOST"), port, more)
	db, err := sql.Open("mysql", where)
	if err != nil {
		panic(err)
	}
	db.SetMaxOpenConns(1)
	return db
}

func number(err error) any {
	var refused *mysql.MySQLError
	if errors.As(err, &refused) {
		return refused.Number
	}
	return err.Error()
}

// snippet
func publish(db *sql.DB) (texts []string, err error) {
	_, err = db.Exec("INSERT INTO pipes_messages (name, event, message) VALUES (?, ?, ?)", channel, "text", text)
	if err != nil {
		return nil, err
	}
	rows, err := db.Query("SELECT message FROM pipes_messages WHERE name = ?", channel)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var kept string
		if err := rows.Scan(&kept); err != nil {
			return nil, err
		}
		texts = append(texts, kept)
	}
	return texts, rows.Err()
}
// end of snippet

func transaction(db *sql.DB, event, message string, end func(*sql.Tx) error) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	if _, err := tx.Exec(insert, channel, event, message); err != nil {
		return err
	}
	return end(tx)
}

func main() {
	password := os.Getenv("DB_PASSWORD")
	// With interpolateParams the driver writes the values into the text; without, the server prepares.
	db := open(os.Getenv("DB_PORT"), password, "&interpolateParams=true")
	var id, time int

	step("connect", func() (any, error) { return true, db.Ping() })
	step("text", func() (any, error) {
		texts, err := publish(db)
		return len(texts) == 1 && texts[0] == text, err
	})
	step("wrong password", func() (any, error) { return number(open(os.Getenv("DB_PORT"), "wrong", "").Ping()), nil })
	step("tls", func() (any, error) {
		other := open(os.Getenv("DB_TLS_PORT"), password, "&tls=skip-verify")
		defer other.Close()
		err := other.QueryRow("SELECT id FROM users_time WHERE id = 7").Scan(&id)
		return id, err
	})
	step("integers", func() (any, error) {
		err := db.QueryRow(times, 7).Scan(&id, &time)
		return []int{id, time}, err
	})
	step("prepared", func() (any, error) {
		prepared := open(os.Getenv("DB_PORT"), password, "")
		defer prepared.Close()
		if _, err := prepared.Exec(insert, channel, "prepared", text); err != nil {
			return nil, err
		}
		rows, err := prepared.Query(find, channel)
		if err != nil {
			return nil, err
		}
		var last string
		for rows.Next() {
			if err := rows.Scan(&last); err != nil {
				return nil, err
			}
		}
		err = prepared.QueryRow(times, 7).Scan(&id, &time)
		return []any{last == text, id, time}, err
	})
	step("syntax error", func() (any, error) {
		_, refused := db.Exec("SELEC 1")
		err := db.QueryRow("SELECT id FROM users_time WHERE id = 7").Scan(&id)
		return []any{number(refused), id}, err
	})
	step("thousand", func() (any, error) {
		var count int64
		for n := 0; n < 1000; n++ {
			result, err := db.Exec(insert, channel, "thousand", strconv.Itoa(n))
			if err != nil {
				return nil, err
			}
			affected, _ := result.RowsAffected()
			count += affected
		}
		return count, nil
	})
	step("rollback", func() (any, error) {
		if err := transaction(db, "rolled-back", "goes", (*sql.Tx).Rollback); err != nil {
			return nil, err
		}
		return true, transaction(db, "committed", "stays", (*sql.Tx).Commit)
	})
	step("close", func() (any, error) { return true, db.Close() })
}
