package sqlite

import (
	"fmt"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// entity is what the store knows of one entity or view: its names in the database, and its fields.
type entity struct {
	*schema.Entity
	table    string // quoted
	versions string // quoted; none of a view
	ofView   bool   // a view, or the tallies of one
	fields   []*schema.Field
	byName   map[string]*schema.Field
	own      []*schema.Field // without copies: what versions hold
}

func newEntity(e *schema.Entity, ofView bool) *entity {
	out := &entity{
		Entity:   e,
		table:    fmt.Sprintf(`"%s_g%d"`, e.Stored(), documents.FirstGeneration),
		versions: fmt.Sprintf(`"%s_versions"`, e.Stored()),
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

// setup returns the statements that make the entity's tables.
func (e *entity) setup() []string {
	more := ""
	if e.ofView {
		more = ", state TEXT NOT NULL, seen TEXT NOT NULL"
	}
	out := []string{
		`CREATE TABLE IF NOT EXISTS ` + e.table + ` (
			_id TEXT PRIMARY KEY NOT NULL, _version INTEGER NOT NULL, _created TEXT NOT NULL, _updated TEXT NOT NULL,
			_deleted INTEGER NOT NULL, sources TEXT NOT NULL, body TEXT NOT NULL` + more + `)`,
	}
	if !e.ofView {
		out = append(out, e.setupVersions()...)
	}
	return out
}

// setupVersions returns the statements that make the entity's archive.
func (e *entity) setupVersions() []string {
	return []string{
		`CREATE TABLE IF NOT EXISTS ` + e.versions + ` (
			_id TEXT NOT NULL, _version INTEGER NOT NULL, event TEXT NOT NULL, fromState TEXT NOT NULL, toState TEXT NOT NULL,
			deleted INTEGER NOT NULL, validFrom TEXT NOT NULL, validTo TEXT, state TEXT NOT NULL, changes TEXT NOT NULL,
			commandId TEXT NOT NULL, actor TEXT NOT NULL, correlationId TEXT NOT NULL, causationId TEXT NOT NULL,
			partition INTEGER NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, createdAt TEXT, PRIMARY KEY (_id, _version))`,
	}
}
