package load

import (
	"fmt"
	"regexp"
	"strings"
)

// Operation is one entry point of the application that the spans pretend to come from.
type Operation struct {
	Method string
	// Path starts with a slash. A part in angle brackets is a parameter of the route, as in Django: <int:id>.
	Path string
}

var (
	operationText = regexp.MustCompile(`^([A-Z]+) (/[^\s*?]*)$`)
	parameter     = regexp.MustCompile(`<[^<>/]+>`)
)

// ParseOperation reads "METHOD /path". Wildcards and query strings belong to rules, not to requests.
func ParseOperation(text string) (Operation, error) {
	parts := operationText.FindStringSubmatch(text)
	if parts == nil {
		return Operation{}, fmt.Errorf(`want "METHOD /path" without * or ?`)
	}
	return Operation{Method: parts[1], Path: parts[2]}, nil
}

func (o Operation) String() string { return o.Method + " " + o.Path }

// Route is what Django's instrumentation puts into http.route: no leading slash, a trailing one.
func (o Operation) Route() string {
	return strings.TrimLeft(strings.TrimRight(o.Path, "/")+"/", "/")
}

// SpanName is the name of the SERVER span as Django's instrumentation makes it, "POST api/auth/login/".
func (o Operation) SpanName() string { return strings.TrimSpace(o.Method + " " + o.Route()) }

// URLPath is what a client asks for: the route with a value for each parameter.
func (o Operation) URLPath() string {
	return "/" + parameter.ReplaceAllString(o.Route(), "4711")
}
