package mongo

import (
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// Names that are stored, beside those in documents.
const (
	fieldDeleted = "_deleted" // true on tombstones, absent else
	fieldSources = "_sources" // {customer: {id, v, by}}: by is the Recopy that set it
)

// entity is what the store knows of one entity or view: its collections and its fields.
type entity struct {
	*schema.Entity
	docs     *mongo.Collection
	versions *mongo.Collection // none of a view
	ofView   bool              // a view, or the tallies of one
	fields   []*schema.Field
	byName   map[string]*schema.Field
	own      []*schema.Field // without copies: what versions hold
}

func newEntity(db *mongo.Database, e *schema.Entity, ofView bool) *entity {
	out := &entity{
		Entity:   e,
		docs:     db.Collection(fmt.Sprintf("%s.g%d", e.Stored(), documents.FirstGeneration)),
		versions: db.Collection(e.Stored() + "_versions"),
		ofView:   ofView,
		fields:   documents.StoredFields(e),
		byName:   map[string]*schema.Field{},
	}
	for _, f := range out.fields {
		out.byName[f.Name] = f
		if f.Copy == nil {
			out.own = append(out.own, f)
		}
	}
	return out
}

// index is an index by a name that stays, whatever its keys.
type index struct {
	name string
	keys bson.D
	only bson.D // what is in it; nil for all. A server that has no such indexes indexes all
}

// caused is true of versions that something caused: what clients do is not in the index, which costs what reactions and timers do.
var caused = bson.D{{Key: "causationId", Value: bson.D{{Key: "$gt", Value: ""}}}}

// indexes returns what lookups need. Every one ends with _id, the tiebreak of pages.
func (e *entity) indexes() []index {
	var out []index
	for _, f := range documents.IndexedFields(e.Entity) {
		out = append(out, index{name: "by_" + f.Name, keys: bson.D{{Key: f.Name, Value: 1}, {Key: "_id", Value: 1}}})
	}
	return out
}

// versionIndexes serve history and as-of, the versions of one entity in order, and HasCommand.
func (e *entity) versionIndexes() []index {
	out := []index{
		{name: "by_version", keys: bson.D{{Key: "id", Value: 1}, {Key: "version", Value: 1}}},
		{name: "by_created", keys: bson.D{{Key: "createdAt", Value: 1}, {Key: "id", Value: 1}}}, // finds those without it too
		{name: "by_caused_command", keys: bson.D{{Key: "commandId", Value: 1}}, only: caused},
	}
	for _, f := range e.own {
		if f.Ref != nil && !f.Type.List {
			out = append(out, index{name: "by_" + f.Name + "_then", keys: bson.D{{Key: "state." + f.Name, Value: 1}, {Key: "id", Value: 1}, {Key: "validFrom", Value: 1}}})
		}
	}
	return out
}
