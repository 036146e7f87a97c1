package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/documents"
)

func TestARefusedPortIsExplainedAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"mongo":     {[]string{"--mongodb-uri", "mongodb://me:secret@127.0.0.1:1/x"}, []string{"MONGODB_URI=", "127.0.0.1:1", "refused", "start MongoDB", "--mongodb-uri"}},
		"two hosts": {[]string{"--mongodb-uri", "mongodb://127.0.0.1:1,127.0.0.1:2/?replicaSet=r"}, []string{"127.0.0.1:1", "127.0.0.1:2"}},
		"cluster":   {[]string{"--redis-url", "redis://:secret@127.0.0.1:1?addr=127.0.0.1:2"}, []string{"127.0.0.1:1", "127.0.0.1:2", "refused"}},
		"redis":     {[]string{"--redis-url", "redis://:secret@127.0.0.1:1/0"}, []string{"REDIS_URL=", "127.0.0.1:1", "refused", "start Redis", "--redis-url"}},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr strings.Builder
			begun := time.Now()
			code := Do(t.Context(), Definition{Schema: testModel}, append(c.args, "--listen", "127.0.0.1:0", "--data", t.TempDir()), nil, io.Discard, &stderr)
			text := stderr.String()
			if took := time.Since(begun); code != 2 || took > knock || strings.Count(text, "\n") != 1 || strings.Contains(text, "secret") {
				t.Errorf("code %d after %s\n%s", code, took, text)
			}
			for _, w := range c.want {
				if !strings.Contains(text, w) {
					t.Errorf("no %q in %s", w, text)
				}
			}
		})
	}
}

func TestSomebodyThere(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if err := nobodyThere(t.Context(), "mongodb://127.0.0.1:1,"+ln.Addr().String(), "27017"); err != nil {
		t.Error(err)
	}
}

func TestHostsOfURLs(t *testing.T) {
	for uri, want := range map[string][]string{
		"mongodb://a":                          {"a:27017"},
		"mongodb://u:p@a:1,b/x?replicaSet=r@y": {"a:1", "b:27017"},
		"mongodb://[::1]:2/x":                  {"[::1]:2"},
		"mongodb://[::1]?tls=true":             {"[::1]:27017"},
		"mongodb://%2Ftmp%2Fmongodb.sock":      nil,
		"mongodb+srv://a":                      nil,
		"unix:///tmp/redis.sock":               nil,
		"redis://u:p@a?addr=b:1&addr=c":        {"a:27017", "b:1", "c:27017"},
	} {
		if got := hostsOf(uri, "27017"); !slices.Equal(got, want) {
			t.Errorf("%s: %q", uri, got)
		}
	}
}

func TestWhoNeedsTheDataDirectory(t *testing.T) {
	const redis, mongo = "redis://x", "mongodb://x"
	for _, c := range []struct {
		roles        []Role
		redis, mongo string
		want         bool
	}{
		{allRoles, "", "", true},
		{allRoles, redis, "", true},
		{allRoles, "", mongo, true},
		{allRoles, redis, mongo, false},
		{[]Role{RoleCommand}, redis, "", false},
		{[]Role{RoleReactor}, redis, "", false},
		{[]Role{RoleReactor}, "", mongo, true},
		{[]Role{RoleQuery, RoleConsolidator}, redis, "", true},
		{[]Role{RoleQuery}, redis, mongo, false},
	} {
		if got := (&Config{Roles: c.roles, RedisURL: c.redis, MongoURI: c.mongo}).embeds(); got != c.want {
			t.Errorf("%+v", c)
		}
	}
}

// slowStore takes long to set up.
type slowStore struct {
	documents.Store
	until <-chan struct{}
}

func (s slowStore) Setup(ctx context.Context) error {
	if _, bounded := ctx.Deadline(); bounded {
		return errors.New("it is bounded")
	}
	select {
	case <-s.until:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestSettingUpHasNoBoundAndSaysSo(t *testing.T) {
	said := make(chan struct{})
	logger := slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
		if strings.Contains(string(p), "indexes") {
			close(said)
		}
		return len(p), nil
	}), nil))
	if err := setUp(t.Context(), slowStore{until: said}, false, logger); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := setUp(ctx, slowStore{}, false, logger); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
