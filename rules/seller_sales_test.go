package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/entity"
	"github.com/daybook-cqrs/daybook/projection"
	"github.com/daybook-cqrs/daybook/rules"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// sale is an order of lines "seller price quantity".
func sale(status entity.OrderStatus, lines ...string) schema.Record {
	o := &entity.Order{ID: "o", Status: status}
	for i, text := range lines {
		l := entity.OrderLine{Line: fmt.Sprint(i)}
		var price string
		fmt.Sscan(text, &l.Seller, &price, &l.Quantity) //nolint:errcheck // a case below that is written wrong sells nothing
		l.Seller = strings.Replace(l.Seller, "TOO-LONG", strings.Repeat("x", schema.MaxIDBytes+1), 1)
		l.Price, _ = scalar.ParseDecimal(price)
		o.Lines = append(o.Lines, l)
	}
	return o.Record()
}

func TestSellerSales(t *testing.T) {
	project := rules.Projections()["SellerSales"]["Order"]
	docs := map[string]schema.Record{}
	for _, c := range []struct {
		what          string
		before, after schema.Record
		changed       string
	}{
		{"ordered", nil, sale("CREATED", "a 10.50 2", "b 3 1", "a 1 1"), "a 2 22, b 1 3"},
		{"approved", sale("CREATED", "a 10.50 2", "b 3 1", "a 1 1"), sale("APPROVED", "a 10.50 2", "b 3 1", "a 1 1"), ""},
		{"a line changed", sale("CREATED", "a 10.50 2", "b 3 1", "a 1 1"), sale("CREATED", "a 10.50 1", "b 3 1", "a 1 1"), "a 2 11.5"},
		{"another order", nil, sale("CREATED", "b 0.5 4"), "b 2 5"},
		{"free", nil, sale("CREATED", "b 0 1"), "b 3 5"},
		{"canceled", sale("APPROVED", "a 10.50 1", "b 3 1", "a 1 1"), sale("CANCELED", "a 10.50 1", "b 3 1", "a 1 1"), "a 0 0, b 2 2"},
		{"unavailable", sale("APPROVED", "b 0.5 4"), sale("UNAVAILABLE", "b 0.5 4"), "b 1 0"},
		{"canceled then", sale("UNAVAILABLE", "b 0.5 4"), sale("CANCELED", "b 0.5 4"), ""},
		{"a seller that can't be", nil, sale("CREATED", "TOO-LONG 1 1"), ""},
	} {
		steps, err := project(projection.Event{}, c.before, c.after)
		if err != nil {
			t.Fatal(err)
		}
		var changed []string
		for _, s := range steps {
			doc := docs[s.ID]
			if doc == nil {
				doc = schema.Record{"id": s.ID}
			}
			if docs[s.ID], err = s.Update(doc); err != nil {
				t.Fatal(err)
			}
			sales := entity.SellerSalesOf(docs[s.ID])
			changed = append(changed, fmt.Sprint(sales.Seller, " ", sales.Lines, " ", sales.Revenue))
		}
		if got := strings.Join(changed, ", "); got != c.changed {
			t.Errorf("%s: %q, not %q", c.what, got, c.changed)
		}
	}
}
