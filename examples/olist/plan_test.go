package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// quirky is made up: one order for each thing that the real data does.
var quirky = map[string]string{
	"olist_customers_dataset.csv": `"customer_id","customer_unique_id","customer_zip_code_prefix","customer_city","customer_state"
k1,person000001,"1",here,AA
k2,person000001,"1",there,AA
k3,person000002,"1",here,BB
`,
	"olist_products_dataset.csv": `"product_id","product_category_name","product_name_lenght","product_description_lenght","product_photos_qty","product_weight_g","product_length_cm","product_height_cm","product_width_cm"
p1,,,,,300,1,2,3
`,
	"olist_orders_dataset.csv": `"order_id","customer_id","order_status","order_purchase_timestamp","order_approved_at","order_delivered_carrier_date","order_delivered_customer_date","order_estimated_delivery_date"
plain,k1,delivered,2018-01-01 10:00:00,2018-01-01 11:00:00,2018-01-02 10:00:00,2018-01-03 10:00:00,2018-01-09 00:00:00
early,k2,delivered,2018-01-01 10:00:00,2018-01-03 11:00:00,2018-01-02 10:00:00,2018-01-04 10:00:00,2018-01-09 00:00:00
blank,k3,delivered,2018-01-01 10:00:00,,,,2018-01-09 00:00:00
empty,k3,shipped,2018-01-01 10:00:00,2018-01-01 11:00:00,2018-01-02 10:00:00,,2018-01-09 00:00:00
late,k3,canceled,2018-01-01 10:00:00,2018-01-01 11:00:00,2018-01-02 10:00:00,2018-01-03 10:00:00,2018-01-09 00:00:00
odd,k3,lost,2018-01-01 10:00:00,,,,2018-01-09 00:00:00
nobody,k9,created,2018-01-01 10:00:00,,,,2018-01-09 00:00:00
`,
	"olist_order_items_dataset.csv": `"order_id","order_item_id","product_id","seller_id","shipping_limit_date","price","freight_value"
plain,2,p1,s,x,0.20,0.01
plain,1,p1,s,x,0.10,0.02
early,1,p1,s,x,1,1
blank,1,p1,s,x,1,1
late,1,p1,s,x,1,1
`,
	"olist_order_payments_dataset.csv": `"order_id","payment_sequential","payment_type","payment_installments","payment_value"
plain,1,voucher,1,0.33
`,
}

// readFiles reads what is made up, after changes: the file's short name, the line to add.
func readFiles(t *testing.T, more ...string) *data {
	t.Helper()
	dir := t.TempDir()
	texts := maps.Clone(quirky)
	for i := 0; i+1 < len(more); i += 2 {
		texts["olist_"+more[i]+"_dataset.csv"] += more[i+1] + "\n"
	}
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := readData(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// histories returns the steps of each order that is driven.
func histories(p *plan) map[string]string {
	out := map[string]string{}
	for _, o := range p.orders {
		var steps []string
		for _, st := range o.steps {
			steps = append(steps, st.command+"@"+st.at.Format("02T15"))
		}
		out[o.id] = strings.Join(steps, " ")
	}
	return out
}

func TestQuirksAreHandledOnPurpose(t *testing.T) {
	d := readFiles(t)
	p := makePlan(d)
	f := newFacts(d, p.leftOut)
	got := histories(p)
	for id, want := range map[string][2]string{
		"plain": {"createOrder@01T10 approveOrder@01T11 shipOrder@02T10 deliverOrder@03T10", "DELIVERED 0.33"},
		"early": {"createOrder@01T10 approveOrder@03T11 shipOrder@03T11 deliverOrder@04T10", "DELIVERED 2"},
		"blank": {"createOrder@01T10 approveOrder@01T10 shipOrder@01T10 deliverOrder@01T10", "DELIVERED 2"},
		"empty": {"createOrder@01T10 approveOrder@01T11", "APPROVED 0"},
		"late":  {"createOrder@01T10 approveOrder@01T11 shipOrder@02T10 cancelOrder@03T10", "CANCELED 2"},
	} {
		if o := f.orders[id]; got[id] != want[0] || o.status+" "+o.total.String() != want[1] {
			t.Errorf("%s is %s, expected to be %+v", id, got[id], o)
		}
	}
	if len(p.broken) != 2 || len(p.orders) != 5 || len(p.customers) != 2 || f.customers["person000001"] != 2 || f.sum.String() != "6.33" || f.lines != 5 {
		t.Errorf("%d orders, %d customers, facts %+v, left out: %v", len(p.orders), len(p.customers), f, p.broken)
	}
	for _, o := range p.orders {
		if o.id == "plain" && o.lines[0]["price"].(interface{ String() string }).String() != "0.1" {
			t.Errorf("lines %v", o.lines)
		}
	}
	if p.quirks["steps out of order, clamped"] != 1 {
		t.Errorf("clamped moments: %v", p.quirks)
	}
}

// TestWhatCanNotBeUsedIsSaid adds one row to what is made up each time: what comes of it, and that the rest is as it was.
func TestWhatCanNotBeUsedIsSaid(t *testing.T) {
	const at = "2018-01-01 10:00:00"
	before := makePlan(readFiles(t))
	for name, c := range map[string]struct {
		file, row, want string
	}{
		"no person":            {"customers", `k4,,1,here,AA`, `customer "k4": it lacks an id`},
		"no customer id":       {"customers", `,person000009,1,here,AA`, `customer "": it lacks an id`},
		"no product id":        {"products", `,,,,,300,1,2,3`, `a product without an id`},
		"a weight of letters":  {"products", `p2,,,,,heavy,1,2,3`, `product p2: its product_weight_g "heavy" is no number of the API, left out`},
		"a weight of NaN":      {"products", `p2,,,,,NaN,1,2,3`, `product_weight_g "NaN"`},
		"a huge weight":        {"products", `p2,,,,,1e300,1,2,3`, `product_weight_g "1e300"`},
		"no order id":          {"orders", `,k3,created,` + at + `,,,,`, `order "": it has no id`},
		"no customer at all":   {"orders", `x,,created,` + at + `,,,,`, `order "x": there is no customer ""`},
		"an unknown status":    {"orders", `x,k3,Delivered!,` + at + `,,,,`, `order "x": its status "Delivered!" is unknown`},
		"a time that is none":  {"orders", `x,k3,delivered,` + at + `,yesterday,,,`, `order "x": its order_approved_at "yesterday" is no time`},
		"no time of purchase":  {"orders", `x,k3,created,,,,,`, `order "x": it has no time of purchase`},
		"an unknown product":   {"order_items", `late,2,p9,s,x,1,1`, `order "late": there is no product "p9"`},
		"a price of letters":   {"order_items", `late,2,p1,s,x,1.-,1`, `order "late": its price "1.-" is no amount`},
		"no freight":           {"order_items", `late,2,p1,s,x,1,`, `order "late": its freight_value "" is no amount`},
		"an item without rank": {"order_items", `late,second,p1,s,x,1,1`, `order "late": its order_item_id "second" is no number`},
		"items of no order":    {"order_items", `x,1,p1,s,x,1,1`, `1 items: there is no order "x"`},
		"payments of no order": {"order_payments", `x,1,voucher,1,1`, `1 payments: there is no order "x"`},
		"odd installments":     {"order_payments", `plain,2,voucher,1.5,1`, `order "plain": its payment_installments "1.5" is no number`},
		"an odd payment":       {"order_payments", `plain,2,voucher,1,one`, `order "plain": its payment_value "one" is no amount`},
	} {
		t.Run(name, func(t *testing.T) {
			d := readFiles(t, c.file, c.row)
			p := makePlan(d)
			lost := len(p.leftOut) - len(before.leftOut)
			if len(p.broken) != len(before.broken)+1 || !slices.ContainsFunc(p.broken, func(b string) bool { return strings.Contains(b, c.want) }) {
				t.Errorf("%q", p.broken)
			}
			if n := len(p.orders); n != len(before.orders) && n != len(before.orders)-lost || len(newFacts(d, p.leftOut).orders) != n {
				t.Errorf("%d orders instead of %d", n, len(before.orders))
			}
		})
	}
}

// TestRepeatedRows: the first counts, whatever the others say, and neither plan nor facts count one twice.
func TestRepeatedRows(t *testing.T) {
	d := readFiles(t, "customers", `k1,person000007,1,elsewhere,ZZ`, "products", `p1,other,,,,1,1,1,1`, "orders", `plain,k3,created,2018-02-01 10:00:00,,,,`,
		"order_items", `late,1,p1,s,x,7,7`, "order_payments", `plain,1,voucher,1,100`)
	p, before := makePlan(d), makePlan(readFiles(t))
	f := newFacts(d, p.leftOut)
	if len(p.broken) != len(before.broken) || len(p.orders) != len(before.orders) || len(p.products) != 1 || len(p.customers) != 2 || f.sum.String() != "6.33" || f.customers["person000001"] != 2 {
		t.Errorf("%q, %d orders, %d customers, %+v", p.broken, len(p.orders), len(p.customers), f)
	}
	for what, n := range map[string]int{"customers": 1, "products": 1, "orders": 1, "items": 1, "payments": 1} {
		if got := p.quirks["repeated "+what+", the first kept"]; got != n {
			t.Errorf("%s: %d", what, got)
		}
	}
}

// TestTheLastPurchasesAddressCounts, wherever it is in the file.
func TestTheLastPurchasesAddressCounts(t *testing.T) {
	for at, want := range map[string]string{"2017-01-01 10:00:00": "there", "2019-01-01 10:00:00": "new"} {
		p := makePlan(readFiles(t, "customers", `k4,person000001,1,new,AA`, "orders", `x,k4,created,`+at+`,,,,`))
		if c := p.customers[0]; c.city != want || c.since.After(c.latest) {
			t.Errorf("%+v", c)
		}
	}
}

func TestShortIDs(t *testing.T) {
	p := makePlan(readFiles(t, "customers", `k4,p,1,here,AA`))
	if n := p.customers[2].name(); n != "Customer p" {
		t.Error(n)
	}
}

// TestAsOtherProgramsWriteIt: with a byte order mark before a quote, and lines that end with CR LF.
func TestAsOtherProgramsWriteIt(t *testing.T) {
	want := histories(makePlan(readFiles(t)))
	dir := t.TempDir()
	for name, text := range quirky {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("\xef\xbb\xbf"+strings.ReplaceAll(text, "\n", "\r\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := readData(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := histories(makePlan(d)); !maps.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

func TestAFileOfSomethingElseIsSaid(t *testing.T) {
	dir := t.TempDir()
	for name, text := range quirky {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Replace(text, `"freight_value"`, `"cost"`, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := readData(dir); err == nil || !strings.Contains(err.Error(), "olist_order_items_dataset.csv has no column freight_value") {
		t.Error(err)
	}
}

func TestDataThatIsAbsentIsSaid(t *testing.T) {
	var stderr strings.Builder
	if code := run(t.Context(), []string{"--data", t.TempDir()}, &stderr, &stderr); code != 2 || !strings.Contains(stderr.String(), "not part of this project") {
		t.Errorf("%d %s", code, stderr.String())
	}
}
