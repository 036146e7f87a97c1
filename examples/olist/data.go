package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// row is a line of a file by column name.
type row map[string]string

// data is what the files hold, as they hold it.
type data struct {
	customers, products, orders []row
	items, payments             map[string][]row // by order
}

func readData(dir string) (*data, error) {
	d := &data{items: map[string][]row{}, payments: map[string][]row{}}
	for _, f := range []struct {
		name string
		key  string
		keep func(row)
	}{
		{"olist_customers_dataset.csv", "customer_unique_id", func(r row) { d.customers = append(d.customers, r) }},
		{"olist_products_dataset.csv", "product_id", func(r row) { d.products = append(d.products, r) }},
		{"olist_orders_dataset.csv", "order_status", func(r row) { d.orders = append(d.orders, r) }},
		{"olist_order_items_dataset.csv", "freight_value", func(r row) { d.items[r["order_id"]] = append(d.items[r["order_id"]], r) }},
		{"olist_order_payments_dataset.csv", "payment_value", func(r row) { d.payments[r["order_id"]] = append(d.payments[r["order_id"]], r) }},
	} {
		if err := readFile(filepath.Join(dir, f.name), f.key, f.keep); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func readFile(file, key string, keep func(row)) error {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no %s: the data set is not part of this project, name its folder with --data", file)
	} else if err != nil {
		return err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	names := append([]string(nil), header...)
	names[0] = trimBOM(names[0])
	for known := false; ; {
		for _, n := range names {
			known = known || n == key
		}
		if !known {
			return fmt.Errorf("%s has no column %s: is it a file of the Olist data set?", file, key)
		}
		line, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		out := make(row, len(names))
		for i, n := range names {
			out[n] = line[i]
		}
		keep(out)
	}
}

func trimBOM(s string) string {
	if len(s) > 3 && s[:3] == "\xef\xbb\xbf" {
		return s[3:]
	}
	return s
}

// moment reads a time of the data set, which names no zone: it is taken as UTC. The zero time is one that is not recorded.
func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateTime, text)
}
