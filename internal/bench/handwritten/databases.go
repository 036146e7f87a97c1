package handwritten

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	goredis "github.com/redis/go-redis/v9"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Mongo reads orders from a collection.
type Mongo struct{ Orders *mongo.Collection }

// Get implements Database.
func (m Mongo) Get(ctx context.Context, id string) (*Order, error) {
	var o Order
	err := m.Orders.FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Decode(&o)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, nil //nolint:nilnil // GraphQL's null
	}
	return &o, err
}

// List implements Database.
func (m Mongo) List(ctx context.Context, n int) ([]*Order, error) {
	cursor, err := m.Orders.Find(ctx, bson.D{{Key: "_deleted", Value: nil}}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(n)))
	if err != nil {
		return nil, err
	}
	var out []*Order
	return out, cursor.All(ctx, &out)
}

// SQLite reads orders from a table with a column per field, lines as JSON, and writes mutations into another.
type SQLite struct{ read, write *sql.DB }

const (
	tables  = `CREATE TABLE orders (id TEXT PRIMARY KEY, status TEXT, total TEXT, note TEXT, customer TEXT, customerName TEXT, version INTEGER, createdAt TEXT, lines TEXT); CREATE TABLE log (n INTEGER PRIMARY KEY, id TEXT, input TEXT)`
	columns = "id, status, total, note, customer, customerName, version, createdAt, lines"
)

// OpenSQLite makes the file with the orders in it. Every write is synced to disk.
func OpenSQLite(ctx context.Context, path string, orders []*Order) (*SQLite, error) {
	dsn := "file:" + path + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	s := &SQLite{}
	var err error
	if s.write, err = sql.Open("sqlite", dsn); err != nil {
		return nil, err
	}
	s.write.SetMaxOpenConns(1)
	if s.read, err = sql.Open("sqlite", dsn); err != nil {
		return nil, err
	}
	if _, err := s.write.ExecContext(ctx, tables); err != nil {
		return nil, err
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, o := range orders {
		lines, err := json.Marshal(o.Lines)
		if err != nil {
			return nil, err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", o.ID, o.Status, o.Total(), o.Note, o.CustomerID, o.CustomerName, o.Version, o.CreatedAt, string(lines)); err != nil {
			return nil, err
		}
	}
	return s, tx.Commit()
}

// Close closes the file.
func (s *SQLite) Close() error { return errors.Join(s.read.Close(), s.write.Close()) }

func scan(row interface{ Scan(...any) error }) (*Order, error) {
	var o Order
	var total, lines string
	if err := row.Scan(&o.ID, &o.Status, &total, &o.Note, &o.CustomerID, &o.CustomerName, &o.Version, &o.CreatedAt, &lines); err != nil {
		return nil, err
	}
	o.Sum = money(total)
	return &o, json.Unmarshal([]byte(lines), &o.Lines)
}

// Get implements Database.
func (s *SQLite) Get(ctx context.Context, id string) (*Order, error) {
	o, err := scan(s.read.QueryRowContext(ctx, "SELECT "+columns+" FROM orders WHERE id = ?", id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // GraphQL's null
	}
	return o, err
}

// List implements Database.
func (s *SQLite) List(ctx context.Context, n int) ([]*Order, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT "+columns+" FROM orders ORDER BY id LIMIT ?", n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*Order
	for rows.Next() {
		o, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

// Append is a Log: one INSERT.
func (s *SQLite) Append(ctx context.Context, id string, input []byte) (string, error) {
	_, err := s.write.ExecContext(ctx, "INSERT INTO log (id, input) VALUES (?, ?)", id, string(input))
	return id, err
}

// XAdd returns a Log that does one XADD.
func XAdd(c *goredis.Client) Log {
	return func(ctx context.Context, id string, input []byte) (string, error) {
		return c.XAdd(ctx, &goredis.XAddArgs{Stream: "handwritten", Values: []any{"id", id, "input", input}}).Result()
	}
}
