package mongo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
)

// index is an index by a name that stays, whatever its keys.
type index struct {
	name string
	keys bson.D
	only bson.D // what is in it; nil for all. A server that has no such indexes indexes all
}

// caused is true of versions that something caused: what clients do is not in the index, which costs what reactions and timers do.
var caused = bson.D{{Key: "causationId", Value: bson.D{{Key: "$gt", Value: ""}}}}

// versionIndexes serve what the archive is always asked for: the versions of one entity in order, tombstones, HasCommand, and what Setup has to date.
func (e *entity) versionIndexes() []index {
	return []index{
		{name: "by_version", keys: bson.D{{Key: "id", Value: 1}, {Key: "version", Value: 1}}},
		{name: "by_created", keys: bson.D{{Key: "createdAt", Value: 1}, {Key: "id", Value: 1}}}, // finds those without it too
		{name: "by_gone", keys: bson.D{{Key: "deleted", Value: 1}, {Key: "id", Value: 1}}, only: bson.D{{Key: "deleted", Value: true}}},
		{name: "by_caused_command", keys: bson.D{{Key: "commandId", Value: 1}}, only: caused},
	}
}

// An index that Index makes is called indexPrefix, its name and, in the archive, thenSuffix. It is known by its name and keys together: others are not ours to drop.
const (
	indexPrefix = "by_"
	thenSuffix  = "_then"
)

func (e *entity) index(i documents.Index) index {
	t, suffix := e.now(), ""
	if i.Past {
		t, suffix = e.then(time.Time{}), thenSuffix
	}
	return index{name: indexPrefix + i.Name() + suffix, keys: t.sorting(i.Keys())}
}

// Index implements documents.Store. Nothing is done where nothing is to be done, so that several processes at once get in each other's way only once.
func (s *Store) Index(ctx context.Context) error {
	for _, e := range s.model.Documents() {
		own := s.entities[e.Name]
		for past, in := range map[bool]*mongo.Collection{false: own.docs, true: own.versions} {
			if past && own.ofView {
				continue
			}
			var wanted []index
			for _, i := range documents.Indexes(e) {
				if i.Past == past {
					wanted = append(wanted, own.index(i))
				}
			}
			err := s.dropIndexes(ctx, own, in, past, wanted)
			if err == nil {
				err = s.createIndexes(ctx, in, wanted)
			}
			if err != nil {
				return fmt.Errorf("indexes of %s in MongoDB: %w", in.Name(), err)
			}
		}
	}
	return nil
}

// Size implements documents.Store, by what the server keeps about the collection.
func (s *Store) Size(ctx context.Context, entity string, past bool) (int64, error) {
	e, err := s.entity(entity)
	if err != nil {
		return 0, err
	}
	in := e.docs
	if past {
		in = e.versions
	}
	n, err := in.EstimatedDocumentCount(ctx)
	if err != nil {
		return 0, fmt.Errorf("%s in MongoDB: %w", e.Plural, err)
	}
	return n, nil
}

// specification is an index as the server has it.
type specification struct {
	Name      string   `bson:"name"`
	Keys      bson.Raw `bson:"key"`
	Sparse    bool     `bson:"sparse"`
	Partial   bson.Raw `bson:"partialFilterExpression"`
	Collation bson.Raw `bson:"collation"`
}

// indexesOf returns the indexes of a collection, those that are being built too.
func indexesOf(ctx context.Context, in *mongo.Collection) ([]specification, error) {
	cursor, err := in.Indexes().List(ctx)
	if err != nil {
		return nil, err
	}
	var out []specification
	err = cursor.All(ctx, &out)
	return out, err
}

// codeIndexNotFound is the server's answer to the end of an index that another process has dropped.
const codeIndexNotFound = 27

// dropIndexes drops those that another model named.
func (s *Store) dropIndexes(ctx context.Context, e *entity, in *mongo.Collection, past bool, wanted []index) error {
	there, err := indexesOf(ctx, in)
	if err != nil {
		return err
	}
	for _, i := range there {
		name, ours := strings.CutPrefix(i.Name, indexPrefix)
		if past && ours {
			name, ours = strings.CutSuffix(name, thenSuffix)
		}
		if !ours || !sameKeys(i, e.index(documents.IndexNamed(name, past)).keys) || slices.ContainsFunc(wanted, func(w index) bool { return w.name == i.Name }) {
			continue
		}
		var server mongo.CommandError
		err := in.Indexes().DropOne(ctx, i.Name)
		if gone := errors.As(err, &server) && server.Code == codeIndexNotFound; err != nil && !gone {
			return err
		}
	}
	return nil
}

// sameKeys reports whether an index has these keys. Servers differ in the types of the directions.
func sameKeys(i specification, keys bson.D) bool {
	elements, err := i.Keys.Elements()
	if err != nil || len(elements) != len(keys) {
		return false
	}
	for n, el := range elements {
		direction, ok := el.Value().AsInt64OK()
		if !ok || el.Key() != keys[n].Key || direction != int64(keys[n].Value.(int)) {
			return false
		}
	}
	return true
}

// createIndexes makes those that are missing. Several processes may do so at once, which MongoDB allows; FerretDB breaks the connection, so it is looked at again.
func (s *Store) createIndexes(ctx context.Context, in *mongo.Collection, wanted []index) error {
	var failed error
	for range 3 {
		there, err := indexesOf(ctx, in)
		if err != nil {
			return err
		}
		var missing []mongo.IndexModel
		for _, w := range wanted {
			found, err := has(there, w)
			if err != nil {
				return err
			}
			if !found {
				o := options.Index().SetName(w.name)
				if w.only != nil && s.features.Partial {
					o.SetPartialFilterExpression(w.only)
				}
				missing = append(missing, mongo.IndexModel{Keys: w.keys, Options: o})
			}
		}
		if len(missing) == 0 {
			return nil
		}
		if _, failed = in.Indexes().CreateMany(ctx, missing); failed == nil {
			return nil
		}
	}
	return failed
}

// has reports whether an index is there. Under another name it is too, of which MongoDB makes no second one, unless it is only on some of the documents or orders texts as a language does.
func has(there []specification, w index) (bool, error) {
	for _, i := range there {
		same := sameKeys(i, w.keys)
		switch {
		case i.Name == w.name && !same:
			return false, fmt.Errorf("the index %s is not the one that Daybook makes: drop it", w.name)
		case i.Name == w.name, same && w.only == nil && !i.Sparse && i.Partial == nil && i.Collation == nil:
			return true, nil
		}
	}
	return false, nil
}
