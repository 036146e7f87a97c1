package mongo

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/position"
)

// Names of what documents of views hold beside their fields.
const (
	fieldSeen  = "_seen"  // ViewDocument.Seen as text
	fieldState = "_state" // ViewDocument.State as text
	fieldBy    = "_by"    // the call of WriteView that wrote it
)

// view returns the view, or the tallies of one, of that name.
func (s *Store) view(name string) (*entity, error) {
	if e := s.entities[name]; e != nil && e.ofView {
		return e, nil
	}
	return nil, fmt.Errorf("the model has no view %q", name)
}

// LoadView implements documents.Views.
func (s *Store) LoadView(ctx context.Context, view string, ids []string) (map[string]documents.ViewDocument, error) {
	e, err := s.view(view)
	if err != nil {
		return nil, err
	}
	out := make(map[string]documents.ViewDocument, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	var unreadable error
	err = s.find(ctx, e.now(), where(documents.FieldID, "$in", ids), options.Find(), func(d documents.Document, raw bson.Raw) {
		v := documents.ViewDocument{Document: d}
		if state, ok := raw.Lookup(fieldState).StringValueOK(); ok {
			v.State = json.RawMessage(state)
		}
		seen, _ := raw.Lookup(fieldSeen).StringValueOK()
		var err error
		if v.Seen, err = position.Parse(seen); err != nil {
			unreadable = &documents.UnreadableError{Entity: e.Name, ID: d.ID, Field: fieldSeen, Err: err}
		}
		out[d.ID] = v
	})
	if err == nil {
		err = unreadable
	}
	return out, err
}

// WriteView implements documents.Views. New documents are inserts, all others replacements guarded by what was seen: one round trip for each of the two kinds.
func (s *Store) WriteView(ctx context.Context, view string, ws []documents.ViewWrite) ([]bool, error) {
	e, err := s.view(view)
	if err != nil {
		return nil, err
	}
	if err := documents.CheckViewWrites(e.Entity, ws); err != nil {
		return nil, err
	}
	out := make([]bool, 0, len(ws))
	for batch := range slices.Chunk(ws, s.features.Batch) {
		done, err := s.writeViews(ctx, e, batch)
		if err != nil {
			return nil, fmt.Errorf("%s in MongoDB: %w", e.Plural, err)
		}
		out = append(out, done...)
	}
	return out, nil
}

func (s *Store) writeViews(ctx context.Context, e *entity, ws []documents.ViewWrite) ([]bool, error) {
	by := bson.NewObjectID().Hex()
	var news, changes []int
	docs := make([]bson.D, len(ws))
	for i := range ws {
		var err error
		if docs[i], err = s.viewDocument(e, &ws[i], by); err != nil {
			return nil, fmt.Errorf("%s %s: %w", e.Name, ws[i].ID, err)
		}
		if ws[i].Was.IsZero() {
			news = append(news, i)
		} else {
			changes = append(changes, i)
		}
	}
	out := make([]bool, len(ws))
	ids, made := make([]string, len(news)), make([]bson.D, len(news))
	for n, i := range news {
		ids[n], made[n] = ws[i].ID, docs[i]
	}
	taken, err := insert(ctx, e, e.docs, ids, made)
	if err != nil {
		return nil, err
	}
	for n, i := range news {
		out[i] = !taken[n]
	}
	return out, s.replace(ctx, e, ws, docs, changes, by, out)
}

// viewDocument is a document of a view as it is stored.
func (s *Store) viewDocument(e *entity, w *documents.ViewWrite, by string) (bson.D, error) {
	doc := bson.D{
		{Key: documents.FieldID, Value: w.ID}, {Key: documents.FieldVersion, Value: w.Version}, {Key: documents.FieldCreatedAt, Value: encodeTime(w.CreatedAt)},
		{Key: documents.FieldUpdatedAt, Value: encodeTime(w.UpdatedAt)}, {Key: fieldSeen, Value: w.Seen.String()}, {Key: fieldBy, Value: by},
	}
	if w.Deleted {
		doc = append(doc, bson.E{Key: fieldDeleted, Value: true})
	}
	if w.State != nil {
		doc = append(doc, bson.E{Key: fieldState, Value: string(w.State)})
	}
	fields, err := s.record(e.fields, w.Fields)
	return append(doc, fields...), err
}

// replace replaces documents, and tells in out which. A bulk write tells how many there were, not which: if not all, what is in them tells.
func (s *Store) replace(ctx context.Context, e *entity, ws []documents.ViewWrite, docs []bson.D, which []int, by string, out []bool) error {
	if len(which) == 0 {
		return nil
	}
	models := make([]mongo.WriteModel, len(which))
	ids := make([]string, len(which))
	for n, i := range which {
		whole, err := raw(e, ws[i].ID, docs[i])
		if err != nil {
			return err
		}
		ids[n] = ws[i].ID
		filter := bson.D{{Key: documents.FieldID, Value: ws[i].ID}, {Key: fieldSeen, Value: ws[i].Was.String()}}
		models[n] = mongo.NewReplaceOneModel().SetFilter(filter).SetReplacement(whole)
	}
	res, err := e.docs.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	if err != nil {
		return explain(err, e, func(n int) string { return ids[n] }, len(ids))
	}
	written := map[string]bool{}
	if res.MatchedCount > 0 && res.MatchedCount < int64(len(which)) {
		filter := append(where(documents.FieldID, "$in", ids), bson.E{Key: fieldBy, Value: by})
		o := options.Find().SetProjection(bson.D{{Key: documents.FieldID, Value: 1}})
		cursor, err := e.docs.Find(ctx, filter, o)
		if err != nil {
			return err
		}
		var mine []struct {
			ID string `bson:"_id"`
		}
		if err := cursor.All(ctx, &mine); err != nil {
			return err
		}
		for _, d := range mine {
			written[d.ID] = true
		}
	}
	for _, i := range which {
		out[i] = res.MatchedCount == int64(len(which)) || written[ws[i].ID]
	}
	return nil
}
