// Package query is the read side: get, list, relations, waits for positions, and live queries. It knows no GraphQL, and it never reads the log.
package query

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/schema"
)

// Config says what an Engine works with.
type Config struct {
	Model  *schema.Model   // required
	Store  documents.Store // required
	Feed   feed.Feed       // required for live queries; waits for positions work without it, a little later
	Logger *slog.Logger

	// ScanLimit is how many documents a read may look through without an index, and from how many entities one may compute what a view was; 0 for no limit. See Verdict.
	ScanLimit int64

	// Loose has Wait and WaitPast not wait: reads answer what is there. It is for who wants to know how reads go, not what is true.
	Loose bool

	Partitions int           // of the log: WaitPast needs it
	WaitBound  time.Duration // how long Wait and WaitPast wait at most; default 5 s
	Buffer     int           // changes that a slow subscriber may be behind before it is told to resync; default 256
	MaxLookup  int           // how many documents filters through refs may find together, and a list sorted through a ref may have; default and most 10,000
}

// Limits of one read.
const (
	DefaultPage = 100    // rows of a list without first and last
	MaxPage     = 1000   // rows of a list
	MaxNodes    = 20_000 // entities of one read, relations included

	MaxCount = 100_000 // rows that a list counts; if there are more, the count is not exact
)

// Engine answers reads. It is safe for concurrent use. Run has to run for live queries and waits.
type Engine struct {
	cfg   Config
	waits waits
	hub   hub
	views views

	sizes   sizes
	sealing atomic.Pointer[[]byte] // the store's secret, once it was read

	copying map[string][]string // by entity that has copies: the copies, and the refs that they come through
}

// New returns an engine.
func New(cfg Config) *Engine {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.WaitBound <= 0 {
		cfg.WaitBound = 5 * time.Second
	}
	if cfg.Buffer <= 0 {
		cfg.Buffer = 256
	}
	if cfg.MaxLookup <= 0 || cfg.MaxLookup > documents.MaxLimit {
		cfg.MaxLookup = documents.MaxLimit
	}
	e := &Engine{cfg: cfg, copying: map[string][]string{}, sizes: sizes{of: map[collection]measured{}}}
	for _, entity := range cfg.Model.Entities {
		for _, f := range entity.Fields {
			if f.Copy != nil {
				e.copying[entity.Name] = append(e.copying[entity.Name], f.Name, f.Copy.Via)
			}
		}
	}
	e.waits.init(cfg.Partitions, make(chan struct{}, 1))
	e.hub.init()
	e.views.init(cfg.Model, &e.waits)
	return e
}

// Error is an error whose text is for clients.
type Error struct{ Code, Message string }

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// GraphQLCode returns the stable word that clients test for.
func (e *Error) GraphQLCode() string { return e.Code }

func invalid(format string, args ...any) error {
	return &Error{"INVALID_INPUT", fmt.Sprintf(format, args...)}
}

// Get returns an entity or a document of a view, nil if there is none or it was deleted.
func (e *Engine) Get(ctx context.Context, entity *schema.Entity, id string, s *Selection) (*Node, error) {
	return e.get(ctx, e.now(), entity, id, s)
}

func (e *Engine) get(ctx context.Context, m moment, entity *schema.Entity, id string, s *Selection) (*Node, error) {
	if err := e.readable(ctx, m, entity); err != nil {
		return nil, err
	}
	docs, err := m.Load(ctx, entity.Name, []string{id}, s.reads())
	if err != nil {
		return nil, err
	}
	doc, ok := docs[id]
	if !ok || doc.Deleted {
		return nil, nil //nolint:nilnil // absent is an answer
	}
	nodes, err := e.expand(ctx, m, entity, s, []documents.Document{doc})
	if err != nil {
		return nil, err
	}
	return nodes[0], nil
}

// List returns a page of a list.
func (e *Engine) List(ctx context.Context, entity *schema.Entity, args ListArgs, c Connection) (*Page, error) {
	return e.list(ctx, e.now(), entity, args, c)
}

func (e *Engine) list(ctx context.Context, m moment, entity *schema.Entity, args ListArgs, c Connection) (*Page, error) {
	if err := e.readable(ctx, m, entity); err != nil {
		return nil, err
	}
	p, err := m.plan(ctx, entity, args)
	if err != nil {
		return nil, err
	}
	if err := e.allow(ctx, p.scan(c)); err != nil {
		return nil, err
	}
	p.ends = c.Ends
	page := &Page{}
	if c.TotalCount {
		n, err := m.Count(ctx, documents.CountQuery{Entity: entity.Name, Filter: p.filter, Limit: MaxCount + 1})
		if err != nil {
			return nil, err
		}
		page.counted(n)
	}
	if c.Node == nil || p.size == 0 {
		return page, nil
	}
	docs, err := p.rows(ctx, page, c.Node)
	if err != nil {
		return nil, err
	}
	page.Nodes, err = e.expand(ctx, m, entity, c.Node, docs)
	return page, err
}

// rows reads the documents of a page.
func (p *plan) rows(ctx context.Context, page *Page, s *Selection) ([]documents.Document, error) {
	if p.looksUp() {
		r, err := p.lookUp(ctx, s, "", nil)
		if err != nil {
			return nil, err
		}
		return p.cutRows(page, r, ""), nil
	}
	docs, err := p.List(ctx, p.query(s))
	if err != nil {
		return nil, err
	}
	return p.cut(page, docs), nil
}
