// Package mongo keeps documents in MongoDB: a collection per entity generation ("orders.g1"), one per entity for versions ("orders_versions"), and
// "checkpoints", "secrets" and "generations". It needs no transactions, so it runs on a standalone server, a replica set or a sharded cluster alike. Only single-document atomicity
// is relied on.
package mongo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/schema"
)

// DefaultDatabase is used if neither Options nor the URI names one.
const DefaultDatabase = "daybook"

// selectionTimeout bounds how long an operation waits for a server, unless the URI says otherwise. A fail-over takes about 10 s.
const selectionTimeout = 15 * time.Second

// Options are what Open may be told beside the URI.
type Options struct {
	Database string       // else the one in the URI's path, else DefaultDatabase
	Log      *slog.Logger // nil discards
}

// Store is a documents.Store in one MongoDB database. It reads from the primary, whatever the URI prefers, because a reader who waited for a checkpoint must see
// what is behind it; it writes with majority. The driver reconnects after the server was away.
type Store struct {
	model    *schema.Model
	entities map[string]*entity
	client   *mongo.Client
	db       *mongo.Database
	features Features
	close    func() error
}

var _ documents.Store = (*Store)(nil)

// Open connects, and finds out what the server can do. It fails if the server does not answer within 15 s (or the URI's serverSelectionTimeoutMS).
func Open(ctx context.Context, uri string, model *schema.Model, o Options) (*Store, error) {
	if err := documents.CheckModel(model); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	client, err := mongo.Connect(clientOptions(uri))
	if err != nil {
		return nil, fmt.Errorf("MongoDB: %w", err)
	}
	name := firstOf(o.Database, databaseIn(uri), DefaultDatabase)
	s := &Store{model: model, entities: map[string]*entity{}, client: client, db: client.Database(name)}
	s.close = sync.OnceValue(func() error {
		ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
		defer stop()
		return client.Disconnect(ctx)
	})
	if s.features, err = detect(ctx, s.db); err != nil {
		_ = s.Close() // its error would say nothing more
		return nil, fmt.Errorf("MongoDB cannot be reached or used: %w", err)
	}
	for _, e := range model.Documents() {
		s.entities[e.Name] = newEntity(s.db, e, model.Entity(e.Name) == nil)
	}
	s.features.log(o.Log, name)
	return s, nil
}

func clientOptions(uri string) *options.ClientOptions {
	o := options.Client().ApplyURI(uri).SetWriteConcern(writeconcern.Majority()).SetReadPreference(readpref.Primary())
	if o.ServerSelectionTimeout == nil {
		o.SetServerSelectionTimeout(selectionTimeout)
	}
	return o
}

// databaseIn returns the database in a URI's path, "" for none. net/url does not read the several hosts of a replica set.
func databaseIn(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	rest, _, _ = strings.Cut(rest, "?")
	_, name, _ := strings.Cut(rest, "/")
	return name
}

func firstOf(names ...string) string {
	for _, n := range names {
		if n != "" {
			return n
		}
	}
	return ""
}

func (s *Store) entity(name string) (*entity, error) {
	if e := s.entities[name]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("the model has no entity %q", name)
}

// Features returns what was found out about the server.
func (s *Store) Features() Features { return s.features }

// BatchLimit implements documents.Store.
func (s *Store) BatchLimit() int { return s.features.Batch }

// Ping implements documents.Store.
func (s *Store) Ping(ctx context.Context) error { return s.client.Ping(ctx, readpref.Primary()) }

// Close implements documents.Store.
func (s *Store) Close() error { return s.close() }
