package documents

import (
	"slices"
	"strings"

	"github.com/daybook-cqrs/daybook/schema"
)

// Index is an index that Store.Index makes of an entity's documents or of its archive. Each of its fields is there once.
type Index struct {
	Fields []Order // see Keys
	Past   bool    // of the archive, for what is asked as of an instant
}

// Name returns what tells an index from the others of the same documents: "total", "status+placedAt-".
func (i Index) Name() string {
	var out strings.Builder
	for n, f := range i.Fields {
		if n > 0 {
			out.WriteByte('+')
		}
		out.WriteString(f.Field)
		if f.Desc {
			out.WriteByte('-')
		}
	}
	return out.String()
}

// IndexNamed returns the index whose name is that, so that engines can tell whether an index of such a name is one that they would make.
func IndexNamed(name string, past bool) Index {
	out := Index{Past: past}
	for part := range strings.SplitSeq(name, "+") {
		field, desc := strings.CutSuffix(part, "-")
		out.Fields = append(out.Fields, Order{Field: field, Desc: desc})
	}
	return out
}

// Keys returns what the index is on, in order: its fields, then what ends every page, the id in the direction of the last field, and in the archive the instant as well.
func (i Index) Keys() []Order {
	out := PageOrders(Query{Orders: i.Fields})
	if i.Past {
		out = append(out, Order{Field: FieldUpdatedAt})
	}
	return out
}

// Indexes returns the indexes of an entity, each once: of refs, now and in the past, of @unique and @indexed fields, and those of several fields; of these in the past if the model says so.
func Indexes(e *schema.Entity) []Index {
	var out []Index
	add := func(i Index) {
		if !slices.ContainsFunc(out, func(o Index) bool { return o.Past == i.Past && o.Name() == i.Name() }) {
			out = append(out, i)
		}
	}
	for _, f := range StoredFields(e) {
		if f.Type.List || !f.Indexed && !f.Unique && f.Ref == nil {
			continue
		}
		of := []Order{{Field: f.Name}}
		add(Index{Fields: of})
		if (f.Ref != nil || f.IndexedAsOf) && f.Copy == nil && e.View == nil { // views have no versions
			add(Index{Fields: of, Past: true})
		}
	}
	for _, i := range e.Indexes {
		fields := make([]Order, len(i.Fields))
		for n, f := range i.Fields {
			fields[n] = Order{Field: f.Name, Desc: f.Desc}
		}
		add(Index{Fields: fields})
		if i.AsOf {
			add(Index{Fields: fields, Past: true})
		}
	}
	return out
}
