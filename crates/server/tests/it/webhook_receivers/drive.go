// Reads cases from standard input, and says of each what the receiver gave, or null.
package main

import (
	"encoding/json"
	"os"
)

type delivery struct {
	Secret  string
	Headers map[string]string
	Body    string
}

func main() {
	var cases []delivery
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		panic(err)
	}
	events := []map[string]any{}
	for _, c := range cases {
		header := func(name string) string { return c.Headers[name] }
		event, err := verify(c.Secret, header, []byte(c.Body))
		if err != nil {
			event = nil
		}
		events = append(events, event)
	}
	if err := json.NewEncoder(os.Stdout).Encode(events); err != nil {
		panic(err)
	}
}
