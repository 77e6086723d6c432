// The driver of Grafana's MySQL source, with the parameters that Grafana gives it: what it sees of each query.
//
// Its arguments are the port and the password, the queries stand in QUERIES as JSON; it prints JSON of the
// columns with their types, by which Grafana tells numbers from texts and moments, and of the rows.
package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"

	_ "github.com/go-sql-driver/mysql"
)

type answer struct {
	Columns [][2]string
	Rows    [][]string
}

func ask(db *sql.DB, query string) (found answer, err error) {
	found = answer{[][2]string{}, [][]string{}}
	rows, err := db.Query(query)
	if err != nil {
		return found, fmt.Errorf("%s: %w", query, err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return found, err
	}
	for _, each := range types {
		found.Columns = append(found.Columns, [2]string{each.Name(), each.DatabaseTypeName()})
	}
	for rows.Next() {
		values := make([]any, len(types))
		row := make([]sql.NullString, len(types))
		for place := range row {
			values[place] = &row[place]
		}
		if err := rows.Scan(values...); err != nil {
			return found, err
		}
		texts := []string{}
		for _, each := range row {
			texts = append(texts, each.String)
		}
		found.Rows = append(found.Rows, texts)
	}
	return found, rows.Err()
}

func main() {
	options := "collation=utf8mb4_unicode_ci&parseTime=true&loc=UTC&allowNativePasswords=true"
	where := fmt.Sprintf("root:%s@tcp(127.0.0.1:%s)/CometQL_v1?%s", os.Args[2], os.Args[1], options)
	db, err := sql.Open("mysql", where)
	var queries []string
	if err == nil {
		err = json.Unmarshal([]byte(os.Getenv("QUERIES")), &queries)
	}
	got := []answer{}
	for _, query := range queries {
		if err == nil {
			var found answer
			found, err = ask(db, query)
			got = append(got, found)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(got)
}
