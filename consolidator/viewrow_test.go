package consolidator_test

import (
	"fmt"
	"math/big"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// row is a document of a view as it has to be, numbers as they are exactly.
type row map[string]any

func rat(v any) *big.Rat {
	r, _ := new(big.Rat).SetString(fmt.Sprint(v))
	return r
}

// rows are what a view has to be: made of the entities as they are in the end, from nothing, by other code than the consolidator's.
func (w *viewWorld) rows(s documents.Store, view string) map[string]row {
	out := map[string]row{}
	orders, buyers := w.all(s, "Order"), w.all(s, "Buyer")
	in := func(key string, group row) row {
		if out[key] == nil {
			out[key] = group
		}
		return out[key]
	}
	switch view {
	case "Everything":
		for _, o := range orders {
			r := in("", row{"orders": 0, "total": new(big.Rat)})
			r["orders"] = r["orders"].(int) + 1
			r.add("total", o.Fields["total"])
		}
	case "Region":
		group := func(region any) row {
			r := row{"orders": 0, "buyers": 0, "weighed": 0, "revenue": new(big.Rat), "weight": new(big.Rat), "totals": map[string]bool{}}
			if region != nil {
				r["region"] = region
			}
			return in(fmt.Sprint(region), r)
		}
		for _, o := range orders {
			if o.Fields["status"] == "PAID" {
				group(o.Fields["region"]).order(o.Fields)
			}
		}
		for _, b := range buyers {
			r := group(b.Fields["region"])
			r["buyers"] = r["buyers"].(int) + 1
			r.extreme("best", b.Fields["score"], 1)
		}
		for _, r := range out {
			totals := r["totals"].(map[string]bool)
			r["totals"] = len(totals)
			if n, ok := r["n"]; ok {
				r["mean"] = new(big.Rat).Quo(r["revenue"].(*big.Rat), rat(n))
			}
			delete(r, "n")
		}
	case "Sold":
		for _, o := range orders {
			lines, _ := o.Fields["lines"].([]any)
			for _, l := range lines {
				line := l.(schema.Record)
				if line["product"] == nil {
					continue
				}
				fields := row{"product": line["product"], "lines": 0, "quantity": new(big.Rat), "orders": map[string]bool{}}
				if at, ok := o.Fields["placed"].(scalar.DateTime); ok {
					fields["day"] = at.String()[:10]
				}
				r := in(fmt.Sprint(line["product"], fields["day"]), fields)
				r["lines"] = r["lines"].(int) + 1
				r.add("quantity", line["quantity"])
				r.extreme("least", line["quantity"], -1)
				r["orders"].(map[string]bool)[o.ID] = true
			}
		}
		for _, r := range out {
			r["orders"] = len(r["orders"].(map[string]bool))
		}
	}
	return out
}

func (r row) order(o schema.Record) {
	r["orders"] = r["orders"].(int) + 1
	if o["weight"] != nil {
		r["weighed"] = r["weighed"].(int) + 1
	}
	r.add("weight", o["weight"])
	r.extreme("first", o["placed"], -1)
	if o["total"] == nil {
		return
	}
	n, _ := r["n"].(int)
	r["n"] = n + 1
	r.add("revenue", o["total"])
	r.extreme("largest", o["total"], 1)
	r["totals"].(map[string]bool)[fmt.Sprint(o["total"])] = true
}

func (r row) add(field string, v any) {
	if v != nil {
		r[field] = new(big.Rat).Add(r[field].(*big.Rat), rat(v))
	}
}

func (r row) extreme(field string, v any, sign int) {
	if v != nil && (r[field] == nil || sign*scalar.Compare(v, r[field]) > 0) {
		r[field] = v
	}
}

// same reports whether a document's fields are as they have to be.
func (r row) same(fields schema.Record) bool {
	if len(r) != len(fields) {
		return false
	}
	for name, want := range r {
		if fields[name] == nil {
			return false
		}
		switch want := want.(type) {
		case *big.Rat:
			off := new(big.Rat).Sub(want, rat(fields[name]))
			if name != "mean" && off.Sign() != 0 || off.Abs(off).Cmp(big.NewRat(1, 1e18)) > 0 { // a mean is rounded
				return false
			}
		default:
			if fmt.Sprint(want) != fmt.Sprint(fields[name]) {
				return false
			}
		}
	}
	return true
}
