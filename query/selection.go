package query

import (
	"slices"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// Selection is what is asked for of an entity or, in Objects, of a value object: a tree that the engine loads level by level. It belongs to one read.
type Selection struct {
	Fields  []string           // fields of the model that are read, refs and copies included
	Refs    []*RefSelection    // entities that refs lead to
	Objects []*ObjectSelection // value objects below which there are refs
	Lists   []*ListSelection   // the other directions of refs; not in value objects

	Histories []*HistorySelection // of the entity; not in value objects
	Blames    []*BlameSelection   // which event a field is from; not in value objects
}

// RefSelection follows a ref.
type RefSelection struct {
	Field *schema.Field
	Node  *Selection
}

// ObjectSelection looks into a value object, or into each of a list of them.
type ObjectSelection struct {
	Field *schema.Field
	Value *Selection
}

// ListSelection follows a ref backwards.
type ListSelection struct {
	Inverse *schema.Inverse
	Args    ListArgs
	Connection
}

// Connection says what is asked for of a list.
type Connection struct {
	Node       *Selection // nil if no rows are asked for
	TotalCount bool
	Ends       bool // of cursors, only those of the first and of the last row are asked for
}

// ListArgs are the arguments of a list.
type ListArgs struct {
	Filter        documents.Filter
	Orders        []documents.Order
	First, Last   *int   // at most one of them; neither means the default page
	After, Before string // cursors, "" for none
}

// reads returns the fields that a store has to read for a selection: what is asked for, and what leads on.
func (s *Selection) reads(more ...documents.Order) []string {
	out := slices.Clone(s.Fields)
	for _, r := range s.Refs {
		out = append(out, r.Field.Name)
	}
	for _, o := range s.Objects {
		out = append(out, o.Field.Name)
	}
	for _, b := range s.Blames {
		if b.Field.Copy != nil {
			out = append(out, b.Field.Copy.Via)
		}
	}
	for _, o := range more {
		if o.Field[0] != '_' {
			out = append(out, o.Field)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	out = slices.DeleteFunc(out, func(f string) bool { return f == "id" })
	if out == nil {
		out = []string{} // nil would read all
	}
	return out
}

// Node is an entity that was read. It is read-only and safe for concurrent use.
type Node struct {
	Entity *schema.Entity
	documents.Document
	Selection *Selection
	loaded    *loaded
}

// Past reports whether it is as it was at an instant that has passed, and not as it is now.
func (n *Node) Past() bool { return n.loaded.past }

// Ref returns the entity that a selected ref leads to, from this node or from a value object in it: nil if it is not there.
func (n *Node) Ref(r *RefSelection, id string) *Node { return n.loaded.refs[r][id] }

// List returns a selected list.
func (n *Node) List(l *ListSelection) *Page {
	if p := n.loaded.lists[l][n.ID]; p != nil {
		return p
	}
	return &Page{}
}

// History returns a selected history.
func (n *Node) History(h *HistorySelection) []Entry { return n.loaded.histories[h][n.ID] }

// ChangedBy returns the event that a field has its value from, nil if it was never set.
func (n *Node) ChangedBy(b *BlameSelection) *Entry { return n.loaded.blames[b][n.ID] }

// Page is a part of a list, in order.
type Page struct {
	Nodes                []*Node
	Cursors              []string // of each node; with Connection.Ends "" but for the first and the last
	HasNext, HasPrevious bool
	TotalCount           int64 // only if it was asked for, at most MaxCount
	Uncounted            bool  // there are more than TotalCount
}

// counted notes how many rows a list has, as far as they were counted.
func (p *Page) counted(n int64) { p.TotalCount, p.Uncounted = min(n, MaxCount), n > MaxCount }

// loaded holds what one read has loaded beyond its roots.
type loaded struct {
	refs  map[*RefSelection]map[string]*Node
	lists map[*ListSelection]map[string]*Page
	nodes int
	past  bool

	histories map[*HistorySelection]map[string][]Entry
	blames    map[*BlameSelection]map[string]*Entry
}

func newLoaded(m moment) *loaded {
	return &loaded{
		past: m.past != nil,
		refs: map[*RefSelection]map[string]*Node{}, lists: map[*ListSelection]map[string]*Page{},
		histories: map[*HistorySelection]map[string][]Entry{}, blames: map[*BlameSelection]map[string]*Entry{},
	}
}
