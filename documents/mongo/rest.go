package mongo

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// FerretDB 1 knows no $and, $or and $nor in $elemMatch, asks $nin and $not there not of each element, and of several operators each of an element of its own. There, what
// a filter says about elements of lists of value objects, and of those of others what it denies or says in several conditions, is looked at here, in all that the rest of
// the filter leaves: for tests, not for data that grows.

// split parts a filter into what the server can decide and the rest, nil for none: a document has to pass both.
func (s *Store) split(f documents.Filter) (server, rest documents.Filter) {
	if s.features.Elements || !ofElements(f) {
		return f, nil
	}
	all, ok := f.(documents.And)
	if !ok {
		return nil, f
	}
	var do, leave documents.And
	for _, p := range all {
		server, rest := s.split(p)
		if server != nil {
			do = append(do, server)
		}
		if rest != nil {
			leave = append(leave, rest)
		}
	}
	return do, leave
}

// ofElements reports whether a filter is about elements in a way that FerretDB doesn't know.
func ofElements(f documents.Filter) bool {
	return documents.Any(f, func(f documents.Filter) bool {
		switch f := f.(type) {
		case documents.Some:
			all, _ := f.F.(documents.And)
			return !f.Scalars || len(all) > 1 || documents.Any(f.F, denies)
		case documents.Inside:
			return ofElements(f.F)
		}
		return false
	})
}

func denies(f documents.Filter) bool {
	switch f.(type) {
	case documents.IsNull, documents.Not:
		return true
	}
	return false
}

// passing is find, of documents that the rest of a filter holds for too.
func (s *Store) passing(ctx context.Context, t *table, f documents.Filter, o *options.FindOptionsBuilder, fields []string, more []string, each func(documents.Document, bson.Raw)) error {
	server, rest := s.split(f)
	filter, err := t.filter(s, server)
	if err != nil {
		return err
	}
	if rest == nil {
		return s.find(ctx, t, t.lived(filter), o.SetProjection(t.projection(fields, more...)), each)
	}
	return s.find(ctx, t, t.lived(filter), o.SetLimit(0), func(d documents.Document, raw bson.Raw) {
		if documents.Match(rest, &d) {
			each(only(d, fields), raw)
		}
	})
}

// only leaves out the fields that were not asked for.
func only(d documents.Document, fields []string) documents.Document {
	if fields == nil {
		return d
	}
	some := schema.Record{}
	for name, v := range d.Fields {
		if slices.Contains(fields, name) {
			some[name] = v
		}
	}
	d.Fields, d.Sources = some, nil
	return d
}
