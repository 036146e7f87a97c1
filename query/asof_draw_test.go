package query_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/scalar"
	"github.com/daybook-cqrs/daybook/schema"
)

// archivedEntity is an entity with its versions.
type archivedEntity struct {
	entity, id string
	versions   []documents.Version
}

var (
	names     = []string{"Ana", "Bo", "ana", "Çelik", "%"}
	cities    = []string{"Rio", "Recife"}
	notes     = []string{"x", "y", "a longer note"}
	customers = 9
	lastDay   = 14
)

// drawPast draws the histories of customers, and of orders that refer to them, or to one that never is.
func drawPast(t *rapid.T) []archivedEntity {
	var out []archivedEntity
	draw := func(entity, id string, state func(schema.Record) schema.Record) {
		a := archivedEntity{entity: entity, id: id}
		at := rapid.IntRange(1, lastDay).Draw(t, "created")
		created, last := day(at), schema.Record{}
		for v := int64(1); v <= int64(rapid.IntRange(1, 5).Draw(t, "versions")); v++ {
			if v > 1 {
				at += rapid.IntRange(0, 4).Draw(t, "later")
			}
			gone := v > 1 && len(a.versions) > 0 && !a.versions[len(a.versions)-1].Deleted && rapid.IntRange(0, 3).Draw(t, "gone") == 0
			next := documents.Version{ID: id, Version: v, Event: fmt.Sprint(entity, v), CreatedAt: created, At: day(at), Deleted: gone, Changes: []byte("[]")}
			if !gone {
				last = state(last)
				next.State = last
			}
			a.versions = append(a.versions, next)
		}
		out = append(out, a)
	}
	maybe := func(r schema.Record, field string, pool []string) {
		if rapid.IntRange(0, 3).Draw(t, field+" null") > 0 {
			r[field] = rapid.SampledFrom(pool).Draw(t, field)
		}
	}
	var ids []string
	for i := range customers {
		ids = append(ids, fmt.Sprint("c", i))
		draw("Customer", ids[i], func(schema.Record) schema.Record {
			r := schema.Record{"name": rapid.SampledFrom(names).Draw(t, "name")}
			maybe(r, "city", cities)
			return r
		})
	}
	ids = append(ids, "nobody")
	for i := range 25 {
		draw("Order", fmt.Sprintf("o%02d", i), func(schema.Record) schema.Record {
			r := schema.Record{"count": rapid.IntRange(0, 3).Draw(t, "count")}
			maybe(r, "customer", ids)
			maybe(r, "note", notes)
			return r
		})
	}
	return out
}

// keep archives everything.
func (p *past) keep(all []archivedEntity) {
	p.Helper()
	for _, a := range all {
		for i := range a.versions {
			p.seq++
			a.versions[i].Place = position.Place{Epoch: 1, Seq: p.seq}
		}
		if err := p.store.Archive(p.Context(), a.entity, a.versions); err != nil {
			p.Fatal(err)
		}
	}
	p.settle()
}

// at returns the last version that is not after an instant, and the last that was alive; nil for none.
func (a *archivedEntity) at(at time.Time) (last, lived *documents.Version) {
	for i := range a.versions {
		if v := &a.versions[i]; !v.At.After(at) {
			last = v
			if !v.Deleted {
				lived = v
			}
		}
	}
	return last, lived
}

// become writes the documents of an instant.
func (p *past) become(all []archivedEntity, at time.Time) {
	p.Helper()
	sources := map[string]*documents.Version{}
	for i := range all {
		if _, lived := all[i].at(at); all[i].entity == "Customer" {
			sources[all[i].id] = lived
		}
	}
	for i := range all {
		last, _ := all[i].at(at)
		if last == nil {
			continue
		}
		w := documents.Write{ID: last.ID, Version: last.Version, CreatedAt: last.CreatedAt, UpdatedAt: last.At, Deleted: last.Deleted, Set: last.State}
		if id, ok := last.State["customer"].(string); ok && sources[id] != nil {
			values := schema.Record{"customerName": sources[id].State["name"], "customerCity": sources[id].State["city"]}
			w.Copies = []documents.Copies{{Ref: "customer", Source: documents.Source{ID: id, Version: sources[id].Version}, Values: values, Names: []string{"customerName", "customerCity"}}}
		}
		if err := p.store.Write(p.Context(), all[i].entity, []documents.Write{w}); err != nil {
			p.Fatal(err)
		}
	}
}

// pastFields are what orders, "Customer" those of customers, are filtered and sorted by.
func pastFields(entity string) map[string][]any {
	text := func(list []string) []any {
		out := make([]any, len(list))
		for i := range list {
			out[i] = list[i]
		}
		return out
	}
	moments := []any{scalar.NewDateTime(day(3)), scalar.NewDateTime(day(9))}
	out := map[string][]any{"_version": {1, 2, 3}, "_createdAt": moments, "_updatedAt": moments}
	if entity == "Customer" {
		out["name"], out["city"] = text(names), text(cities)
		return out
	}
	out["note"], out["count"], out["customerName"], out["customerCity"], out["customer"] = text(notes), []any{0, 1, 2}, text(names), text(cities), text([]string{"c0", "c1", "c2", "nobody"})
	return out
}

func drawField(t *rapid.T, entity string) (string, []any) {
	fields := pastFields(entity)
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	name := rapid.SampledFrom(names).Draw(t, "field")
	return name, fields[name]
}

func drawPastFilter(t *rapid.T, entity string, depth int) documents.Filter {
	kind := rapid.IntRange(0, 8).Draw(t, "filter")
	if depth == 0 {
		kind = 4 + kind%4
	}
	part := func() documents.Filter { return drawPastFilter(t, entity, depth-1) }
	switch kind {
	case 0:
		return documents.And{part(), part()}
	case 1:
		return documents.Or{part(), part()}
	case 2:
		return documents.Not{F: part()}
	case 3, 8:
		if entity == "Order" {
			return documents.Through{Field: "customer", Entity: "Customer", F: drawPastFilter(t, "Customer", depth-1)}
		}
		return documents.Not{F: part()}
	}
	name, values := drawField(t, entity)
	value := rapid.SampledFrom(values).Draw(t, "value")
	switch text, ok := value.(string); {
	case kind == 4:
		return documents.IsNull{Field: name}
	case kind == 5 && ok:
		return documents.Text{Field: name, Op: documents.Contains, Value: text, IgnoreCase: true}
	case kind == 6:
		return documents.In{Field: name, Values: values[:2]}
	}
	return documents.Compare{Field: name, Op: documents.Op(rapid.IntRange(int(documents.Eq), int(documents.Ge)).Draw(t, "op")), Value: value}
}

func drawPastArgs(t *rapid.T) query.ListArgs {
	size := rapid.IntRange(1, 12).Draw(t, "size")
	args := query.ListArgs{First: &size}
	if rapid.IntRange(0, 3).Draw(t, "filtered") > 0 {
		args.Filter = drawPastFilter(t, "Order", 2)
	}
	for range rapid.IntRange(0, 2).Draw(t, "orders") {
		name, _ := drawField(t, "Order")
		if rapid.IntRange(0, 2).Draw(t, "beyond") == 0 {
			name, _ = drawField(t, "Customer")
			name = "customer." + name
		}
		args.Orders = append(args.Orders, documents.Order{Field: name, Desc: rapid.Bool().Draw(t, "desc")})
	}
	return args
}
