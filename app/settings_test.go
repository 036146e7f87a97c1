package app

import (
	"io"
	"slices"
	"strings"
	"testing"
)

func TestOrigins(t *testing.T) {
	for text, want := range map[string][]string{
		"":                     nil,
		"*":                    {"*"},
		"https://shop.example": {"https://shop.example"},
		" HTTPS://Shop.Example:443 ,http://localhost:3000,": {"https://shop.example", "http://localhost:3000"},
		"http://[::1]:80,capacitor://localhost":             {"http://[::1]", "capacitor://localhost"},
	} {
		c, err := ParseConfig([]string{"--origins", text}, nil, io.Discard)
		if err != nil || !slices.Equal(c.Origins, want) {
			t.Errorf("%q: %v, %v", text, c, err)
		}
	}
	for _, text := range []string{"shop.example", "https://shop.example/", "https://shop.example/x", "https://*.example", "null", "*,https://shop.example", "https://me@shop.example", "https://", "https://x?y"} {
		_, err := ParseConfig(nil, []string{"DAYBOOK_ORIGINS=" + text}, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "DAYBOOK_ORIGINS=") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
