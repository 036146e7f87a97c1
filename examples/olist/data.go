package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// row is a line of a file by column name.
type row map[string]string

// data is what the files hold, as they hold it.
type data struct {
	customers, products, orders []row
	items, payments             map[string][]row // by order
	repeated                    map[string]int   // rows under a key that came before, by what they are: the first is kept
}

// file is one of the data set's. Its key columns come first.
type file struct {
	what, name string
	keys       int
	columns    []string
	keep       func(row)
}

func readData(dir string) (*data, error) {
	d := &data{items: map[string][]row{}, payments: map[string][]row{}, repeated: map[string]int{}}
	byOrder := func(m map[string][]row) func(row) {
		return func(r row) { m[r["order_id"]] = append(m[r["order_id"]], r) }
	}
	for _, f := range []file{
		{"customers", "olist_customers_dataset.csv", 1, []string{"customer_id", "customer_unique_id", "customer_city", "customer_state"}, func(r row) { d.customers = append(d.customers, r) }},
		{"products", "olist_products_dataset.csv", 1, append([]string{"product_id", "product_category_name"}, slices.Sorted(keysOf(numbers))...), func(r row) { d.products = append(d.products, r) }},
		{"orders", "olist_orders_dataset.csv", 1, append([]string{"order_id", "customer_id", "order_status"}, moments[:]...), func(r row) { d.orders = append(d.orders, r) }},
		{"items", "olist_order_items_dataset.csv", 2, []string{"order_id", "order_item_id", "product_id", "seller_id", "price", "freight_value"}, byOrder(d.items)},
		{"payments", "olist_order_payments_dataset.csv", 2, []string{"order_id", "payment_sequential", "payment_type", "payment_installments", "payment_value"}, byOrder(d.payments)},
	} {
		if err := d.read(filepath.Join(dir, f.name), f); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *data) read(path string, f file) error {
	in, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no %s: the data set is not part of this project, name its folder with --data", path)
	} else if err != nil {
		return err
	}
	defer in.Close()
	r := csv.NewReader(withoutBOM(in))
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	names := slices.Clone(header)
	for _, c := range f.columns {
		if !slices.Contains(names, c) {
			return fmt.Errorf("%s has no column %s: is it a file of the Olist data set?", path, c)
		}
	}
	seen := map[string]bool{}
	for {
		line, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		out := make(row, len(names))
		for i, n := range names {
			out[n] = line[i]
		}
		var key []string
		for _, c := range f.columns[:f.keys] {
			key = append(key, out[c])
		}
		if k := strings.Join(key, "\x00"); seen[k] {
			d.repeated[f.what]++
		} else {
			seen[k] = true
			f.keep(out)
		}
	}
}

// withoutBOM skips the mark that some programs begin UTF-8 with: before a quote it would be an error of the CSV.
func withoutBOM(in io.Reader) io.Reader {
	r := bufio.NewReader(in)
	if bom, err := r.Peek(3); err == nil && bytes.Equal(bom, []byte("\xef\xbb\xbf")) {
		r.Discard(3) //nolint:errcheck // they were there
	}
	return r
}

// moment reads a time of the data set, which names no zone: it is taken as UTC. The zero time is one that is not recorded.
func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateTime, text)
}
