package query_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// crowd is a store of many owners with many things each, of which none is kept anywhere.
type crowd struct {
	documents.Store
	owners, each int
	more         int // things of the first owner beyond those
	pages        atomic.Int64
}

func (c *crowd) Secret(context.Context) ([]byte, error) { return documents.NewSecret(), nil }

func (c *crowd) List(_ context.Context, q documents.Query) ([]documents.Document, error) {
	c.pages.Add(1)
	after := ""
	if q.After != nil {
		after = q.After[len(q.After)-1].(string)
	}
	var out []documents.Document
	for i := 0; i < c.owners && len(out) < q.Limit; i++ {
		if id := ownerID(i); id > after {
			out = append(out, documents.Document{ID: id, Version: 1, CreatedAt: time.Unix(1, 0), UpdatedAt: time.Unix(1, 0), Fields: schema.Record{"name": id}})
		}
	}
	return out, nil
}

func (c *crowd) ListBy(_ context.Context, q documents.Query, _ string, keys []string) (map[string][]documents.Document, error) {
	out := make(map[string][]documents.Document, len(keys))
	for _, key := range keys {
		n := c.each
		if key == ownerID(0) {
			n += c.more
		}
		docs := make([]documents.Document, min(n, q.Limit))
		for i := range docs {
			docs[i] = documents.Document{ID: fmt.Sprintf("%s-%d", key, i), Version: 1, Fields: schema.Record{"owner": key}}
		}
		out[key] = docs
	}
	return out, nil
}

func ownerID(i int) string { return fmt.Sprintf("w%05d", i) }

// withThings selects pages of things of owners: as many lists as said, each of a full page.
func withThings(m *schema.Model, lists int) *query.Selection {
	first := query.MaxPage
	s := &query.Selection{Fields: []string{"name"}}
	for range lists {
		l := &query.ListSelection{Inverse: m.Entity("Owner").Inverses[0], Args: query.ListArgs{First: &first}}
		l.Node = &query.Selection{}
		s.Lists = append(s.Lists, l)
	}
	return s
}

// thingsOf returns the ids of the things that a node has been loaded with.
func thingsOf(n *query.Node) []string {
	var out []string
	for _, l := range n.Selection.Lists {
		for _, thing := range n.List(l).Nodes {
			out = append(out, thing.ID)
		}
	}
	return slices.Clip(out)
}
