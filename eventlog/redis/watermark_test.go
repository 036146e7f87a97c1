package redis_test

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
	"github.com/daybook-cqrs/daybook/internal/testredis"
)

// TestRedisWritesTimesAsTheLogDoes compares what the script of Watermark makes of Redis's clock with what Go does, at turns of the calendar and at random.
func TestRedisWritesTimesAsTheLogDoes(t *testing.T) {
	civil, err := os.ReadFile("civil.lua")
	if err != nil {
		t.Fatal(err)
	}
	c := client(t, testredis.URL(t))
	times := []time.Time{time.Unix(0, 0)}
	for _, year := range []int{1970, 1972, 1999, 2000, 2026, 2028, 2099, 2100, 2400, 9999} {
		for month := time.January; month <= time.December; month++ {
			begin := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
			times = append(times, begin, begin.AddDate(0, 1, 0).Add(-time.Microsecond), begin.AddDate(0, 0, 27).Add(24*time.Hour))
		}
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		times = append(times, time.UnixMicro(random.Int64N(250_000_000_000*1_000_000)))
	}
	for _, at := range times {
		if at.UTC().Year() > 9999 {
			continue
		}
		got, err := c.Eval(t.Context(), string(civil)+"return civil(tonumber(ARGV[1]), tonumber(ARGV[2]))", nil, at.Unix(), at.Nanosecond()/1000).Text()
		if want := entry.FormatTime(at); err != nil || got != want {
			t.Fatalf("%s, not %s (%v)", got, want, err)
		}
	}
}
