package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	mongodocs "github.com/daybook-cqrs/daybook/documents/mongo"
	sqlitedocs "github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/eventlog"
	redislog "github.com/daybook-cqrs/daybook/eventlog/redis"
	sqlitelog "github.com/daybook-cqrs/daybook/eventlog/sqlite"
	"github.com/daybook-cqrs/daybook/feed"
	redisfeed "github.com/daybook-cqrs/daybook/feed/redis"
	"github.com/daybook-cqrs/daybook/schema"
)

// How many changes of a partition a follower may be behind before it is told to resync. A change takes about twice what the entity takes: in Redis that is
// memory which the log needs; in process there is a bound in bytes besides.
const (
	feedCapacity      = 10_000
	redisFeedCapacity = 2_000
)

// openBound is how long a server may take to answer at start.
const openBound = 10 * time.Second

// parts are the engines of one process. What its roles do not need is nil.
type parts struct {
	log   eventlog.Log
	store documents.Store
	feed  feed.Feed
	lock  *os.File

	partitions int // of the log, if documents are written or read
}

// open opens the engines. On failure it closes what it had opened.
func open(ctx context.Context, cfg *Config, model *schema.Model, logger *slog.Logger) (_ *parts, err error) {
	p := &parts{}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if cfg.embeds() {
		if p.lock, err = lockData(cfg.Data); err != nil {
			return nil, err
		}
	}
	if err := p.connect(ctx, cfg, model, logger); err != nil {
		return nil, err
	}
	if p.store != nil {
		if err := setUp(ctx, p.store, cfg.Has(RoleConsolidator), logger); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// connect opens what the roles need, within openBound.
func (p *parts) connect(ctx context.Context, cfg *Config, model *schema.Model, logger *slog.Logger) (err error) {
	ctx, cancel := context.WithTimeout(ctx, openBound)
	defer cancel()
	if cfg.Has(RoleCommand) || cfg.Has(RoleConsolidator) || cfg.Has(RoleReactor) {
		if p.log, err = openLog(ctx, cfg, model); err != nil {
			return err
		}
	}
	documented := cfg.Has(RoleQuery) || cfg.Has(RoleConsolidator)
	if documented || cfg.Has(RoleReactor) && cfg.MongoURI != "" { // as the archive
		if p.store, err = openStore(ctx, cfg, model, logger); err != nil {
			return err
		}
	}
	if documented {
		if p.feed, p.partitions, err = openFeed(ctx, cfg, model, p.log, logger); err != nil {
			return err
		}
	}
	return nil
}

// setUpPatience is how long setting up goes on without a word.
const setUpPatience = time.Second

// setUp makes what the documents need, and the indexes if it is the consolidator's process. That has no bound: indexes on many documents take long.
func setUp(ctx context.Context, store documents.Store, index bool, logger *slog.Logger) error {
	talk := time.AfterFunc(setUpPatience, func() {
		logger.Info("indexes that the documents do not have yet are being built, which takes longer the more documents there are: it starts after that")
	})
	defer talk.Stop()
	if err := store.Setup(ctx); err != nil {
		return fmt.Errorf("set up the documents: %w", err)
	}
	if !index {
		return nil
	}
	if err := store.Index(ctx); err != nil {
		return fmt.Errorf("index the documents: %w", err)
	}
	return nil
}

func openLog(ctx context.Context, cfg *Config, model *schema.Model) (eventlog.Log, error) {
	if cfg.RedisURL != "" {
		if err := redisEngine.reach(ctx, cfg.RedisURL); err != nil {
			return nil, err
		}
		l, err := redislog.Open(ctx, cfg.RedisURL, redislog.Options{Partitions: cfg.Partitions, Placement: model.Roots()})
		if err != nil {
			return nil, redisEngine.failed(cfg.RedisURL, err)
		}
		return l, nil
	}
	l, err := sqlitelog.Open(ctx, filepath.Join(cfg.Data, "log.db"), sqlitelog.Options{Partitions: cfg.Partitions, Placement: model.Roots()})
	if err != nil {
		return nil, fmt.Errorf("the log in %s: %w", cfg.Data, err)
	}
	return l, nil
}

func openStore(ctx context.Context, cfg *Config, model *schema.Model, logger *slog.Logger) (documents.Store, error) {
	if cfg.MongoURI != "" {
		if err := mongoEngine.reach(ctx, cfg.MongoURI); err != nil {
			return nil, err
		}
		store, err := mongodocs.Open(ctx, cfg.MongoURI, model, mongodocs.Options{Log: logger})
		if err != nil {
			return nil, mongoEngine.failed(cfg.MongoURI, err)
		}
		return store, nil
	}
	store, err := sqlitedocs.Open(ctx, filepath.Join(cfg.Data, "documents.db"), model, sqlitedocs.Options{Log: logger})
	if err != nil {
		return nil, fmt.Errorf("the documents in %s: %w", cfg.Data, err)
	}
	return store, nil
}

// openFeed returns the feed, and how many partitions it and the log have.
func openFeed(ctx context.Context, cfg *Config, model *schema.Model, log eventlog.Log, logger *slog.Logger) (feed.Feed, int, error) {
	if cfg.RedisURL == "" {
		return feed.NewMemory(log.Partitions(), feedCapacity), log.Partitions(), nil
	}
	if log == nil { // the number of partitions is the log's
		own, err := openLog(ctx, cfg, model)
		if err != nil {
			return nil, 0, err
		}
		defer func() { _ = own.Close() }() // it was only asked
		log = own
	}
	f, err := redisfeed.Open(ctx, cfg.RedisURL, redisfeed.Options{Partitions: log.Partitions(), Capacity: redisFeedCapacity, Log: logger})
	if err != nil {
		return nil, 0, redisEngine.failed(cfg.RedisURL, err)
	}
	return f, log.Partitions(), nil
}

func (p *parts) close() {
	if p.feed != nil {
		_ = p.feed.Close()
	}
	if p.store != nil {
		_ = p.store.Close()
	}
	if p.log != nil {
		_ = p.log.Close()
	}
	if p.lock != nil {
		_ = p.lock.Close()
	}
}

// ready reports what can't be reached.
func (p *parts) ready(ctx context.Context) map[string]error {
	out := map[string]error{}
	check := func(name string, ping func(context.Context) error) {
		if err := ping(ctx); err != nil {
			out[name] = err
		}
	}
	if p.log != nil {
		check("log", p.log.Ping)
	}
	if p.store != nil {
		check("documents", p.store.Ping)
	}
	if p.feed != nil {
		check("feed", p.feed.Ping)
	}
	return out
}
