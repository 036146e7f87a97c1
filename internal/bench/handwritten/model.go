// Package handwritten is a server of orders as somebody would write it by hand who has gqlgen, a database driver, and nothing of Daybook: what benchmarks
// of Daybook's HTTP API are compared with. It serves POST only, checks nothing, and its mutations do one write to a log.
package handwritten

//go:generate go run generate.go

import (
	"bytes"
	"encoding/json"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Money is an amount as the database has it: Decimal128, or text.
type Money struct{ bson.RawValue }

func (m Money) text() string {
	if d, ok := m.Decimal128OK(); ok {
		return d.String()
	}
	s, _ := m.StringValueOK()
	return s
}

// UnmarshalBSONValue reads the amount.
func (m *Money) UnmarshalBSONValue(t byte, value []byte) error {
	m.RawValue = bson.RawValue{Type: bson.Type(t), Value: bytes.Clone(value)}
	return nil
}

// MarshalJSON writes the amount as text.
func (m Money) MarshalJSON() ([]byte, error) { return json.Marshal(m.text()) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Money) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*m = money(s)
	return nil
}

func money(text string) Money {
	t, v, _ := bson.MarshalValue(text) // a string always encodes
	return Money{bson.RawValue{Type: t, Value: v}}
}

// Order is an order as it is stored.
type Order struct {
	ID           string       `bson:"_id" json:"id"`
	Status       string       `bson:"status" json:"status"`
	Sum          Money        `bson:"total" json:"total"`
	Note         *string      `bson:"note" json:"note"`
	CustomerID   string       `bson:"customer" json:"customer"`
	CustomerName *string      `bson:"customerName" json:"customerName"`
	Version      int          `bson:"_version" json:"version"`
	CreatedAt    string       `bson:"_createdAt" json:"createdAt"`
	Lines        []*OrderLine `bson:"lines" json:"lines"`
}

// Total is the order's total as text.
func (o *Order) Total() string { return o.Sum.text() }

// OrderLine is a line of an order.
type OrderLine struct {
	Seller   string `bson:"seller" json:"seller"`
	Cost     Money  `bson:"price" json:"price"`
	Shipping Money  `bson:"freight" json:"freight"`
	Quantity int    `bson:"quantity" json:"quantity"`
}

// Price is the price of one piece as text.
func (l *OrderLine) Price() string { return l.Cost.text() }

// Freight is the line's freight as text.
func (l *OrderLine) Freight() string { return l.Shipping.text() }

// OrderLineInput is a line of an order to be.
type OrderLineInput struct {
	Product  string `json:"product"`
	Seller   string `json:"seller"`
	Price    string `json:"price"`
	Freight  string `json:"freight"`
	Quantity int    `json:"quantity"`
}

// OrderConnection is a page of orders.
type OrderConnection struct {
	Edges    []*OrderEdge
	PageInfo *PageInfo
}

// OrderEdge is a row of a page.
type OrderEdge struct {
	Cursor string
	Node   *Order
}

// PageInfo says what is beyond a page.
type PageInfo struct {
	HasNextPage bool
	EndCursor   *string
}

// OrderPayload answers a mutation.
type OrderPayload struct {
	Order   *Order
	Receipt *Receipt
}

// Receipt says where in the log the mutation was written.
type Receipt struct{ Position string }
