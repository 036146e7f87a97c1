package query

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"strings"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// plan is a checked ListArgs, at a moment.
type plan struct {
	moment
	entity        *schema.Entity
	filter        documents.Filter  // that stores know
	orders        []documents.Order // as they were asked for
	keys          []documents.Order // the same, with copies in place of what is beyond refs
	size          int
	last          bool
	ends          bool // Connection.Ends
	after, before []any
	seal          hash.Hash // of cursors
	sealed        []byte    // what all of them belong to
}

func (m moment) plan(ctx context.Context, entity *schema.Entity, a ListArgs) (*plan, error) {
	p := &plan{moment: m, entity: entity, orders: a.Orders, keys: m.keysOf(entity, a.Orders), size: DefaultPage}
	switch {
	case a.First != nil && a.Last != nil:
		return nil, invalid("first and last exclude each other: ask for one of them")
	case a.First != nil:
		p.size = *a.First
	case a.Last != nil:
		p.size, p.last = *a.Last, true
	}
	if err := m.knows(entity, a); err != nil {
		return nil, err
	}
	if p.size < 0 || p.size > MaxPage {
		return nil, invalid("a page has 0 to %d rows, not %d", MaxPage, p.size)
	}
	secret, err := m.secret(ctx)
	if err != nil {
		return nil, err
	}
	p.seal, p.sealed = hmac.New(sha256.New, secret), p.belongs()
	if p.after, err = p.parse("after", a.After); err != nil {
		return nil, err
	}
	if p.before, err = p.parse("before", a.Before); err != nil {
		return nil, err
	}
	p.filter, err = (&resolver{moment: m}).resolve(ctx, entity, a.Filter)
	return p, err
}

// page is the query of the page, of one row more than it has: that tells whether there are more.
func (p *plan) page() documents.Query {
	return documents.Query{
		Entity: p.entity.Name, Filter: p.filter, Orders: p.keys, After: p.after, Before: p.before, Limit: p.size + 1, Last: p.last,
	}
}

// query asks a store for the page. It is not for plans that look up.
func (p *plan) query(s *Selection) documents.Query {
	q := p.page()
	q.Fields = s.reads(p.keys...)
	return q
}

// cut removes the additional row and notes what it tells. What lies on the other side of a cursor that was given is there: the cursor's own row.
func (p *plan) cut(page *Page, docs []documents.Document) []documents.Document {
	more := len(docs) > p.size
	if p.last {
		if more {
			docs = docs[1:]
		}
		page.HasPrevious, page.HasNext = more, p.before != nil
	} else {
		if more {
			docs = docs[:p.size]
		}
		page.HasNext, page.HasPrevious = more, p.after != nil
	}
	page.Cursors = make([]string, len(docs))
	for i := range docs {
		if !p.ends || i == 0 || i == len(docs)-1 {
			page.Cursors[i] = p.cursor(&docs[i])
		}
	}
	return docs
}

// typeOf returns the type of a key, beyond refs too.
func (p *plan) typeOf(path string) schema.Type {
	e := p.entity
	for {
		ref, rest, ok := strings.Cut(path, ".")
		if !ok {
			return typeOf(e, path)
		}
		e, path = p.model.Entity(e.Field(ref).Ref.Entity), rest
	}
}

// typeOf returns the type of what a list can be ordered or filtered by.
func typeOf(e *schema.Entity, field string) schema.Type {
	switch field {
	case documents.FieldVersion:
		return schema.Type{Kind: schema.KindInt, Name: "Int"}
	case documents.FieldCreatedAt, documents.FieldUpdatedAt:
		return schema.Type{Kind: schema.KindDateTime, Name: "DateTime"}
	case documents.FieldID:
		return schema.Type{Kind: schema.KindID, Name: "ID"}
	}
	f := e.Field(field)
	t := f.Type
	if f.Ref != nil {
		t = schema.Type{Kind: schema.KindID, Name: "ID"}
	}
	t.NonNull = false
	return t
}

// systemName returns what documents call what every entity has.
func systemName(name string) (stored string, ok bool) {
	switch name {
	case "id":
		return documents.FieldID, true
	case "version":
		return documents.FieldVersion, true
	case "createdAt":
		return documents.FieldCreatedAt, true
	case "updatedAt":
		return documents.FieldUpdatedAt, true
	}
	return "", false
}

// StoredName returns the name under which documents know what the API calls name: customer for customerId, _createdAt for createdAt. ok is false if lists
// can't be ordered by it.
func StoredName(e *schema.Entity, name string) (stored string, ok bool) {
	stored, _, ok = names{entity: e}.lookup(name)
	if !ok {
		return "", false
	}
	_, err := documents.KindOf(e, stored)
	return stored, err == nil
}
