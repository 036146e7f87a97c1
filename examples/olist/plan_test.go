package main

import (
	"os"
	"path/filepath"
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

func TestQuirksAreHandledOnPurpose(t *testing.T) {
	dir := t.TempDir()
	for name, text := range quirky {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := readData(dir)
	if err != nil {
		t.Fatal(err)
	}
	p := makePlan(d)
	got := map[string]string{}
	for _, o := range p.orders {
		s := o.status
		for _, st := range o.steps {
			s += " " + st.command + "@" + st.at.Format("02T15")
		}
		got[o.id] = s
	}
	for id, want := range map[string]string{
		"plain": "DELIVERED createOrder@01T10 approveOrder@01T11 shipOrder@02T10 deliverOrder@03T10",
		"early": "DELIVERED createOrder@01T10 approveOrder@03T11 shipOrder@03T11 deliverOrder@04T10",
		"blank": "DELIVERED createOrder@01T10 approveOrder@01T10 shipOrder@01T10 deliverOrder@01T10",
		"empty": "APPROVED createOrder@01T10 approveOrder@01T11",
		"late":  "CANCELED createOrder@01T10 approveOrder@01T11 shipOrder@02T10 cancelOrder@03T10",
	} {
		if got[id] != want {
			t.Errorf("%s is %s", id, got[id])
		}
	}
	if len(p.broken) != 2 || len(p.orders) != 5 || len(p.customers) != 2 || p.customers[0].orders != 2 {
		t.Errorf("%d orders, %d customers, left out: %v", len(p.orders), len(p.customers), p.broken)
	}
	for _, o := range p.orders {
		if o.id == "plain" && (o.total.String() != "0.33" || o.lines[0]["price"].(interface{ String() string }).String() != "0.1") {
			t.Errorf("total %s, lines %v", o.total, o.lines)
		}
	}
}

func TestDataThatIsAbsentIsSaid(t *testing.T) {
	var stderr strings.Builder
	if code := run(t.Context(), []string{"--data", t.TempDir()}, &stderr, &stderr); code != 2 || !strings.Contains(stderr.String(), "not part of this project") {
		t.Errorf("%d %s", code, stderr.String())
	}
}
