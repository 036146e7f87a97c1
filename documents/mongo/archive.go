package mongo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/position"
)

// storedVersion is one document of a versions collection. State has the forms that fields of documents have.
type storedVersion struct {
	ID            string   `bson:"id"`
	Version       int64    `bson:"version"`
	Event         string   `bson:"event"`
	From          string   `bson:"from"`
	To            string   `bson:"to"`
	Deleted       bool     `bson:"deleted"`
	CreatedAt     string   `bson:"createdAt"`
	ValidFrom     string   `bson:"validFrom"`
	ValidTo       string   `bson:"validTo,omitempty"`
	State         bson.Raw `bson:"state"`
	Changes       string   `bson:"changes"`
	CommandID     string   `bson:"commandId"`
	Actor         string   `bson:"actor"`
	CorrelationID string   `bson:"correlationId"`
	CausationID   string   `bson:"causationId"`
	Partition     int      `bson:"partition"`
	Epoch         int64    `bson:"epoch"`
	Seq           int64    `bson:"seq"`
}

func (v *storedVersion) place() position.Place {
	return position.Place{Epoch: uint64(v.Epoch), Seq: uint64(v.Seq)}
}

// versionID is a version's _id. The last colon parts id and version, so no two are alike.
func versionID(id string, version int64) string { return id + ":" + strconv.FormatInt(version, 10) }

// Archive implements documents.Store. Versions whose successor is in the same batch are inserted closed; only if that was there already, or the successor
// comes in another batch, an update closes them. Closing again what is closed changes nothing: a version's successor, and so the end, is always the same.
func (s *Store) Archive(ctx context.Context, entity string, vs []documents.Version) error {
	e, err := s.entity(entity)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(vs, s.features.Batch) {
		if err := s.archiveBatch(ctx, e, batch); err != nil {
			return fmt.Errorf("versions of %s in MongoDB: %w", e.Plural, err)
		}
	}
	return nil
}

func (s *Store) archiveBatch(ctx context.Context, e *entity, vs []documents.Version) error {
	ends := make(map[string]string, len(vs)) // by versionID: when its successor in the batch took over
	for i := range vs {
		ends[versionID(vs[i].ID, vs[i].Version-1)] = encodeTime(vs[i].At)
	}
	ids, names, docs := make([]string, len(vs)), make([]string, len(vs)), make([]bson.D, len(vs))
	for i := range vs {
		ids[i], names[i] = versionID(vs[i].ID, vs[i].Version), vs[i].ID
		var err error
		if docs[i], err = s.storedVersion(e, &vs[i], ends[ids[i]]); err != nil {
			return fmt.Errorf("version %s: %w", ids[i], err)
		}
	}
	taken, err := insert(ctx, e, e.versions, names, docs)
	if err != nil {
		return err
	}
	if err := sameEvents(ctx, e, vs, ids, taken); err != nil {
		return err
	}
	closed := make(map[string]bool, len(vs))
	for i, id := range ids {
		closed[id] = !taken[i]
	}
	return s.closeVersions(ctx, e, vs, ends, closed)
}

// sameEvents compares the versions that were there with what was to be archived.
func sameEvents(ctx context.Context, e *entity, vs []documents.Version, ids []string, taken map[int]bool) error {
	if len(taken) == 0 {
		return nil
	}
	asked := make(map[string]*documents.Version, len(taken))
	for i := range taken {
		asked[ids[i]] = &vs[i]
	}
	cursor, err := e.versions.Find(ctx, where("_id", "$in", slices.Collect(maps.Keys(asked))), options.Find().SetProjection(
		bson.D{{Key: "epoch", Value: 1}, {Key: "seq", Value: 1}, {Key: "commandId", Value: 1}, {Key: "changes", Value: 1}}))
	if err != nil {
		return err
	}
	var found []struct {
		Key string        `bson:"_id"`
		V   storedVersion `bson:",inline"`
	}
	if err := cursor.All(ctx, &found); err != nil {
		return err
	}
	if len(found) != len(asked) {
		return fmt.Errorf("%d of %d versions that were there are gone", len(asked)-len(found), len(asked))
	}
	for _, f := range found {
		archived := documents.Version{Place: f.V.place(), CommandID: f.V.CommandID, Changes: []byte(f.V.Changes)}
		if err := documents.SameEvent(e.Name, &archived, asked[f.Key]); err != nil {
			return err
		}
	}
	return nil
}

// closeVersions closes the versions before vs, but for those that were inserted closed.
func (s *Store) closeVersions(ctx context.Context, e *entity, vs []documents.Version, ends map[string]string, closed map[string]bool) error {
	var ops []operation
	for i := range vs {
		before := versionID(vs[i].ID, vs[i].Version-1)
		if vs[i].Version > 1 && !closed[before] {
			ops = append(ops, operation{id: vs[i].ID,
				filter: bson.D{{Key: "_id", Value: before}},
				update: bson.D{{Key: "$set", Value: bson.D{{Key: "validTo", Value: ends[before]}}}}})
		}
	}
	if len(ops) == 0 {
		return nil
	}
	_, err := bulk(ctx, e, e.versions, ops)
	return err
}

// storedVersion is the document of a version: what the type of the same name reads. end is "" while it is the latest.
func (s *Store) storedVersion(e *entity, v *documents.Version, end string) (bson.D, error) {
	state, err := s.record(e.own, v.State)
	if err != nil {
		return nil, err
	}
	out := bson.D{
		{Key: "_id", Value: versionID(v.ID, v.Version)}, {Key: "id", Value: v.ID}, {Key: "version", Value: v.Version}, {Key: "event", Value: v.Event},
		{Key: "from", Value: v.From}, {Key: "to", Value: v.To}, {Key: "deleted", Value: v.Deleted}, {Key: "createdAt", Value: encodeTime(v.CreatedAt)}, {Key: "validFrom", Value: encodeTime(v.At)},
		{Key: "state", Value: state}, {Key: "changes", Value: string(v.Changes)}, {Key: "commandId", Value: v.CommandID}, {Key: "actor", Value: v.Actor},
		{Key: "correlationId", Value: v.CorrelationID}, {Key: "causationId", Value: v.CausationID}, {Key: "partition", Value: v.Partition},
		{Key: "epoch", Value: int64(v.Place.Epoch)}, {Key: "seq", Value: int64(v.Place.Seq)},
	}
	if end != "" {
		out = append(out, bson.E{Key: "validTo", Value: end})
	}
	return out, nil
}

// Versions implements documents.Store.
func (s *Store) Versions(ctx context.Context, entity string, keys []documents.VersionKey) (map[documents.VersionKey]documents.Version, error) {
	e, err := s.entity(entity)
	if err != nil {
		return nil, err
	}
	out := make(map[documents.VersionKey]documents.Version, len(keys))
	for batch := range slices.Chunk(keys, 10_000) {
		ids := make([]string, len(batch))
		for i, k := range batch {
			ids[i] = versionID(k.ID, k.Version)
		}
		cursor, err := e.versions.Find(ctx, where("_id", "$in", ids))
		if err == nil {
			err = s.eachVersion(ctx, e, cursor, func(v documents.Version) error {
				out[documents.VersionKey{ID: v.ID, Version: v.Version}] = v
				return nil
			})
		}
		if err != nil {
			return nil, fmt.Errorf("versions of %s in MongoDB: %w", e.Plural, err)
		}
	}
	return out, nil
}

// HasCommand implements documents.Store. It reads from the primary, as all of the store does.
func (s *Store) HasCommand(ctx context.Context, entity, commandID string) (bool, error) {
	e, err := s.entity(entity)
	if err != nil {
		return false, err
	}
	err = e.versions.FindOne(ctx, append(bson.D{{Key: "commandId", Value: commandID}}, caused...), options.FindOne().SetProjection(bson.D{{Key: "_id", Value: 1}})).Err()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("versions of %s in MongoDB: %w", e.Plural, err)
	}
	return true, nil
}

// eachVersion reads the versions of a cursor to its end, and closes it.
func (s *Store) eachVersion(ctx context.Context, e *entity, cursor *mongo.Cursor, each func(documents.Version) error) error {
	defer closeCursor(ctx, cursor)
	for cursor.Next(ctx) {
		var v storedVersion
		if err := cursor.Decode(&v); err != nil {
			return err
		}
		decoded, err := s.version(e, &v)
		if err != nil {
			return unreadable(e, v.ID, v.Version, "", err)
		}
		if err := each(decoded); err != nil {
			return err
		}
	}
	return cursor.Err()
}

func (s *Store) version(e *entity, v *storedVersion) (documents.Version, error) {
	out := documents.Version{
		ID: v.ID, Version: v.Version, Event: v.Event, From: v.From, To: v.To, Deleted: v.Deleted, Changes: []byte(v.Changes), CommandID: v.CommandID,
		Actor: v.Actor, CorrelationID: v.CorrelationID, CausationID: v.CausationID, Partition: v.Partition,
		Place: v.place(),
	}
	var err error
	if out.At, err = parseTime(v.ValidFrom); err != nil {
		return out, err
	}
	out.CreatedAt = out.At // of what an older process archived meanwhile: Setup gives it one
	if v.CreatedAt != "" {
		if out.CreatedAt, err = parseTime(v.CreatedAt); err != nil {
			return out, err
		}
	}
	if v.ValidTo != "" {
		if out.ValidTo, err = parseTime(v.ValidTo); err != nil {
			return out, err
		}
	}
	out.State, err = s.decodeRecord(e.own, v.State)
	return out, err
}

// unreadable is the error about a version; the field is that of the error, if it knows one.
func unreadable(e *entity, id string, version int64, field string, err error) error {
	out := &documents.UnreadableError{Entity: e.Name, ID: id, Version: version, Field: field, Err: err}
	var of *fieldError
	if errors.As(err, &of) {
		out.Field, out.Err = of.field, of.err
	}
	return out
}
