package mongo

import (
	"fmt"

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
