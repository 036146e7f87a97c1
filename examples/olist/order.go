package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/daybook-cqrs/daybook/scalar"
)

// order is what is sent of an order.
type order struct {
	id       string
	customer *customer
	lines    []map[string]any
	payments []map[string]any
	steps    []step
	quirks   []string
}

// step is one mutation of an order's history.
type step struct {
	command string
	at      time.Time
}

func (o *order) quirk(name string) { o.quirks = append(o.quirks, name) }

// bought is the time of purchase.
func (o *order) bought() time.Time { return o.steps[0].at }

func newOrder(r row, d *data, products map[string]*product) (*order, error) {
	o := &order{id: r["order_id"]}
	if o.id == "" {
		return nil, errors.New("it has no id")
	}
	if err := o.addLines(d.items[o.id], products); err != nil {
		return nil, err
	}
	if err := o.addPayments(d.payments[o.id]); err != nil {
		return nil, err
	}
	if err := o.history(r); err != nil {
		return nil, err
	}
	approved := slices.ContainsFunc(o.steps, func(s step) bool { return s.command == "approveOrder" })
	switch {
	case len(o.payments) == 0:
		o.quirk("orders without payments")
	case !approved:
		o.quirk("unapproved orders with payments, sent without them")
	}
	if len(o.lines) == 0 {
		o.quirk("orders without items")
	}
	return o, nil
}

func (o *order) addLines(items []row, products map[string]*product) error {
	items, err := sorted(items, "order_item_id")
	if err != nil {
		return err
	}
	for _, i := range items {
		if products[i["product_id"]] == nil {
			return fmt.Errorf("there is no product %q", i["product_id"])
		}
		price, err := decimal(i, "price")
		if err != nil {
			return err
		}
		freight, err := decimal(i, "freight_value")
		if err != nil {
			return err
		}
		o.lines = append(o.lines, map[string]any{"product": i["product_id"], "seller": i["seller_id"], "price": price, "freight": freight, "quantity": 1})
	}
	return nil
}

func (o *order) addPayments(payments []row) error {
	payments, err := sorted(payments, "payment_sequential")
	if err != nil {
		return err
	}
	for _, i := range payments {
		n, err := number(i, "payment_installments")
		if err != nil {
			return err
		}
		value, err := decimal(i, "payment_value")
		if err != nil {
			return err
		}
		o.payments = append(o.payments, map[string]any{"type": i["payment_type"], "installments": n, "value": value})
	}
	return nil
}

func number(r row, column string) (int, error) {
	n, err := strconv.ParseInt(r[column], 10, 32)
	if err != nil {
		return 0, fmt.Errorf("its %s %q is no number", column, r[column])
	}
	return int(n), nil
}

func decimal(r row, column string) (scalar.Decimal, error) {
	d, err := scalar.ParseDecimal(r[column])
	if err != nil {
		return d, fmt.Errorf("its %s %q is no amount", column, r[column])
	}
	return d, nil
}

// sorted orders rows by a column of numbers.
func sorted(rows []row, column string) ([]row, error) {
	by := map[string]int{}
	for _, r := range rows {
		n, err := number(r, column)
		if err != nil {
			return nil, err
		}
		by[r[column]] = n
	}
	return slices.SortedStableFunc(slices.Values(rows), func(a, b row) int { return cmp.Compare(by[a[column]], by[b[column]]) }), nil
}
