package mongo

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

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

// versionID is a version's _id. The last colon parts id and version, so no two are alike.
func versionID(id string, version int64) string { return id + ":" + strconv.FormatInt(version, 10) }

// Archive implements documents.Store. Versions whose successor is in the same batch are inserted closed; only if some were there already, or their successor
// comes in another batch, an update closes them.
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
	there := make(map[string]bool, len(vs))
	for i := range vs {
		ends[versionID(vs[i].ID, vs[i].Version-1)] = encodeTime(vs[i].At)
		there[versionID(vs[i].ID, vs[i].Version)] = true
	}
	inserts := make([]operation, len(vs))
	for i := range vs {
		id := versionID(vs[i].ID, vs[i].Version)
		stored, err := s.storedVersion(e, &vs[i], ends[id])
		if err != nil {
			return fmt.Errorf("version %s: %w", id, err)
		}
		inserts[i] = operation{id: id, filter: bson.D{{Key: "_id", Value: id}}, update: bson.D{{Key: "$setOnInsert", Value: stored}}, upsert: true}
	}
	res, err := s.bulk(ctx, e.versions, inserts)
	if err != nil {
		return err
	}
	fresh := res.UpsertedCount == int64(len(vs))
	var closing []operation
	for i := range vs {
		before := versionID(vs[i].ID, vs[i].Version-1)
		if vs[i].Version > 1 && (!fresh || !there[before]) {
			closing = append(closing, operation{id: before,
				filter: bson.D{{Key: "_id", Value: before}, {Key: "validTo", Value: nil}},
				update: bson.D{{Key: "$set", Value: bson.D{{Key: "validTo", Value: ends[before]}}}}})
		}
	}
	if len(closing) == 0 {
		return nil
	}
	_, err = s.bulk(ctx, e.versions, closing)
	return err
}

func (s *Store) storedVersion(e *entity, v *documents.Version, end string) (storedVersion, error) {
	state, err := s.record(e.own, v.State)
	if err != nil {
		return storedVersion{}, err
	}
	raw, err := bson.Marshal(state)
	return storedVersion{
		ID: v.ID, Version: v.Version, Event: v.Event, From: v.From, To: v.To, Deleted: v.Deleted, ValidFrom: encodeTime(v.At), ValidTo: end,
		State: raw, Changes: string(v.Changes), CommandID: v.CommandID, Actor: v.Actor, CorrelationID: v.CorrelationID, CausationID: v.CausationID,
		Partition: v.Partition, Epoch: int64(v.Place.Epoch), Seq: int64(v.Place.Seq),
	}, err
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
			err = s.versions(ctx, e, cursor, out)
		}
		if err != nil {
			return nil, fmt.Errorf("versions of %s in MongoDB: %w", e.Plural, err)
		}
	}
	return out, nil
}

func (s *Store) versions(ctx context.Context, e *entity, cursor *mongo.Cursor, out map[documents.VersionKey]documents.Version) error {
	defer func() { _ = cursor.Close(ctx) }()
	for cursor.Next(ctx) {
		var v storedVersion
		if err := cursor.Decode(&v); err != nil {
			return err
		}
		decoded, err := s.version(e, &v)
		if err != nil {
			return fmt.Errorf("version %s: %w", versionID(v.ID, v.Version), err)
		}
		out[documents.VersionKey{ID: v.ID, Version: v.Version}] = decoded
	}
	return cursor.Err()
}

func (s *Store) version(e *entity, v *storedVersion) (documents.Version, error) {
	out := documents.Version{
		ID: v.ID, Version: v.Version, Event: v.Event, From: v.From, To: v.To, Deleted: v.Deleted, Changes: []byte(v.Changes), CommandID: v.CommandID,
		Actor: v.Actor, CorrelationID: v.CorrelationID, CausationID: v.CausationID, Partition: v.Partition,
		Place: position.Place{Epoch: uint64(v.Epoch), Seq: uint64(v.Seq)},
	}
	var err error
	if out.At, err = parseTime(v.ValidFrom); err != nil {
		return out, err
	}
	if v.ValidTo != "" {
		if out.ValidTo, err = parseTime(v.ValidTo); err != nil {
			return out, err
		}
	}
	out.State, err = s.decodeRecord(e.own, v.State)
	return out, err
}
