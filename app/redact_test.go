package app

import "testing"

func TestSecretsOfURLsAreHidden(t *testing.T) {
	for value, want := range map[string]string{
		"redis://u:secret@h:1/0":                    "redis://u:xxxxx@h:1/0",
		"mongodb://u:secret@h1:27017,h2:27017/shop": "mongodb://u:xxxxx@h1:27017,h2:27017/shop",
		"redis://u:se@cr@et@h:port":                 "redis://u:xxxxx@h:port",
		"redis://:secret@h:port":                    "redis://:xxxxx@h:port",
		"mongodb://h1:27017,h2:27017/shop":          "mongodb://h1:27017,h2:27017/shop",
		"mongodb://u@h1:27017,h2:27017/shop":        "mongodb://u@h1:27017,h2:27017/shop",
		"no URL":                                    "no URL",
		"":                                          "",
	} {
		if got := redact(value); got != want {
			t.Errorf("%s: %s", value, got)
		}
	}
}
