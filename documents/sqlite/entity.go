package sqlite

import (
	"fmt"
	"strings"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// entity is what the store knows of one entity: its names in the database, and its fields.
type entity struct {
	*schema.Entity
	table    string // quoted
	versions string // quoted
	fields   []*schema.Field
	byName   map[string]*schema.Field
	own      []*schema.Field // without copies: what versions hold
}

func newEntity(e *schema.Entity) *entity {
	out := &entity{
		Entity:   e,
		table:    fmt.Sprintf(`"%s_g%d"`, e.Plural, documents.FirstGeneration),
		versions: fmt.Sprintf(`"%s_versions"`, e.Plural),
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

// expr returns the SQL for a field's value. It is the text that the indexes are on, so SQLite recognises it.
func (e *entity) expr(field string) string {
	switch field {
	case documents.FieldID:
		return "_id"
	case documents.FieldVersion:
		return "_version"
	case documents.FieldCreatedAt:
		return "_created"
	case documents.FieldUpdatedAt:
		return "_updated"
	}
	return "json_extract(body,'$." + field + "')"
}

// setup returns the statements that make the entity's tables and indexes.
func (e *entity) setup() []string {
	out := []string{
		`CREATE TABLE IF NOT EXISTS ` + e.table + ` (
			_id TEXT PRIMARY KEY NOT NULL, _version INTEGER NOT NULL, _created TEXT NOT NULL, _updated TEXT NOT NULL,
			_deleted INTEGER NOT NULL, sources TEXT NOT NULL, body TEXT NOT NULL)`,
		`CREATE TABLE IF NOT EXISTS ` + e.versions + ` (
			_id TEXT NOT NULL, _version INTEGER NOT NULL, event TEXT NOT NULL, fromState TEXT NOT NULL, toState TEXT NOT NULL,
			deleted INTEGER NOT NULL, validFrom TEXT NOT NULL, validTo TEXT, state TEXT NOT NULL, changes TEXT NOT NULL,
			commandId TEXT NOT NULL, actor TEXT NOT NULL, correlationId TEXT NOT NULL, causationId TEXT NOT NULL,
			partition INTEGER NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (_id, _version))`,
	}
	// What clients do is not in this one: it costs what reactions and timers do.
	out = append(out, fmt.Sprintf(`CREATE INDEX IF NOT EXISTS "%s_caused" ON %s (commandId) WHERE causationId<>''`, strings.Trim(e.versions, `"`), e.versions))
	return out
}

// indexes returns the statement for each index that the entity's documents are to have, by its name.
func (e *entity) indexes() map[string]string {
	out := map[string]string{}
	for _, i := range documents.Indexes(e.Entity) {
		name := strings.Trim(e.table, `"`) + "_" + i.Name
		var keys strings.Builder
		for _, f := range append(i.Fields, documents.Order{Field: documents.FieldID, Desc: i.Fields[len(i.Fields)-1].Desc}) {
			if keys.Len() > 0 {
				keys.WriteString(", ")
			}
			keys.WriteString(e.expr(f.Field))
			if f.Desc {
				keys.WriteString(" DESC")
			}
		}
		out[name] = fmt.Sprintf(`CREATE INDEX IF NOT EXISTS "%s" ON %s (%s) WHERE _deleted=0`, name, e.table, keys.String())
	}
	return out
}
