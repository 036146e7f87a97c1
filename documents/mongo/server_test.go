package mongo_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/mongo"
	"github.com/daybook-cqrs/daybook/documents/storetest"
	"github.com/daybook-cqrs/daybook/internal/testmongo"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestReconnectsAfterTheServerWasKilled(t *testing.T) {
	server := testmongo.Start(t)
	s, err := mongo.Open(t.Context(), server.URI+"?serverSelectionTimeoutMS=2000", storetest.Model(t), mongo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	write := func(id string) error {
		now := time.Now()
		return s.Write(t.Context(), "Sample", []documents.Write{{ID: id, Version: 1, CreatedAt: now, UpdatedAt: now, Set: schema.Record{"text": id}}})
	}
	if err := write("before"); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	if err := write("while"); err == nil {
		t.Fatal("a write to a killed server was acknowledged")
	}
	server.Restart()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	for s.Ping(ctx) != nil {
		if ctx.Err() != nil {
			t.Fatal("the store did not find the server again")
		}
	}
	if err := write("after"); err != nil {
		t.Fatal(err)
	}
	got, err := s.Load(t.Context(), "Sample", []string{"before", "after"}, nil)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d of 2 documents: %v", len(got), err)
	}
}

func TestTooLargeADocumentSaysSo(t *testing.T) {
	s := open(t, testmongo.URI(t), storetest.Model(t))
	now := time.Now()
	err := s.Write(t.Context(), "Sample", []documents.Write{
		{ID: "big", Version: 1, CreatedAt: now, UpdatedAt: now, Set: schema.Record{"text": strings.Repeat("x", 17<<20)}},
	})
	var large *documents.TooLargeError
	if !errors.As(err, &large) || large.Entity != "Sample" || large.ID != "big" || !documents.Lasting(err) || !strings.Contains(err.Error(), "16 MiB") {
		t.Fatalf("%.200v", err)
	}
	err = s.Archive(t.Context(), "Sample", []documents.Version{{ID: "big", Version: 1, At: now, State: schema.Record{"text": strings.Repeat("x", 17<<20)}}})
	if !errors.As(err, &large) || large.ID != "big" {
		t.Fatalf("%.200v", err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	model := storetest.Model(t)
	if _, err := mongo.Open(t.Context(), "not a uri", model, mongo.Options{}); err == nil {
		t.Error("a URI that is none was accepted")
	}
	_, err := mongo.Open(t.Context(), "mongodb://someone:secret@127.0.0.1:1/?serverSelectionTimeoutMS=200", model, mongo.Options{})
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("an unreachable server: %v", err)
	}
}

func TestSaysWhatTheServerLacks(t *testing.T) {
	var log bytes.Buffer
	server := testmongo.Start(t)
	s, err := mongo.Open(t.Context(), server.URI, storetest.Model(t), mongo.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if f := s.Features(); f.Decimal128 || f.TopN || s.BatchLimit() != 50 {
		t.Errorf("%+v", f)
	}
	if !strings.Contains(log.String(), "no Decimal128") || !strings.Contains(log.String(), "level=WARN") {
		t.Error(log.String())
	}
}
