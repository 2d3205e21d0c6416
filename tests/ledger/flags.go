package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// usageError is every fault of a command line at once.
type usageError struct{ faults []string }

func (e *usageError) Error() string { return strings.Join(e.faults, "\n") }

// flags is a flag set that goes on after a fault.
type flags struct {
	*flag.FlagSet
	faults []string
}

func newFlags(command string) *flags {
	set := flag.NewFlagSet(command, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	return &flags{FlagSet: set}
}

// fault notes what is wrong with a flag, by what was found and what is allowed.
func (f *flags) fault(name string, found any, allowed string) {
	f.faults = append(f.faults, fmt.Sprintf("--%s: found %q, want %s", name, fmt.Sprint(found), allowed))
}

// parse reads the command line; flag.ErrHelp if help was asked for. Faults are collected for check.
func (f *flags) parse(args []string) error {
	for len(args) > 0 {
		if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
			return err
		} else if err != nil {
			f.faults = append(f.faults, singleDash.ReplaceAllString(err.Error(), " --$1"))
		}
		rest := f.Args()
		for len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
			f.faults = append(f.faults, fmt.Sprintf("found %q, want a flag", rest[0]))
			rest = rest[1:]
		}
		if len(rest) == len(args) { // a lone "-" or "--" is neither read nor skipped
			f.faults = append(f.faults, fmt.Sprintf("found %q, want a flag", rest[0]))
			rest = rest[1:]
		}
		args = rest
	}
	return nil
}

// given says whether the flag is on the command line, with a good value or a bad one.
func (f *flags) given(name string) bool {
	given := slices.ContainsFunc(f.faults, func(fault string) bool { return strings.Contains(fault, "flag --"+name+":") })
	f.Visit(func(set *flag.Flag) { given = given || set.Name == name })
	return given
}

// singleDash is how package flag names flags in its errors.
var singleDash = regexp.MustCompile(` -([a-z])`)

// check returns a *usageError if anything is wrong.
func (f *flags) check() error {
	if len(f.faults) == 0 {
		return nil
	}
	return &usageError{f.faults}
}

// help lists the flags with their units and defaults.
func (f *flags) help(to io.Writer) {
	f.VisitAll(func(one *flag.Flag) {
		unit, text := flag.UnquoteUsage(one)
		if one.DefValue != "" && one.DefValue != "false" {
			text += fmt.Sprintf(" (default %s)", one.DefValue)
		}
		fmt.Fprintf(to, "  --%-34s %s\n", strings.TrimSpace(one.Name+" "+unit), text)
	})
}

// value is a flag of any type: what parse returns goes to *to.
type value[T any] struct {
	to    *T
	parse func(string) (T, error)
}

func (v value[T]) Set(text string) error {
	parsed, err := v.parse(text)
	if err == nil {
		*v.to = parsed
	}
	return err
}

func (v value[T]) String() string {
	if v.to == nil {
		return ""
	}
	return fmt.Sprint(*v.to)
}

func (f *flags) whole(to *int, name string, initial, least, most int, usage string) {
	*to = initial
	f.Var(value[int]{to, func(text string) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > most {
			return 0, fmt.Errorf("want a whole number from %d to %d", least, most)
		}
		return n, nil
	}}, name, usage)
	f.unset(name, initial < least)
}

// unset leaves a default that is not a value of its own out of the help text.
func (f *flags) unset(name string, isUnset bool) {
	if isUnset {
		f.Lookup(name).DefValue = ""
	}
}

func (f *flags) decimal(to *float64, name string, initial, least, most float64, usage string) {
	*to = initial
	f.Var(value[float64]{to, func(text string) (float64, error) {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || !(n >= least && n <= most) {
			return 0, fmt.Errorf("want a number from %v to %v", least, most)
		}
		return n, nil
	}}, name, usage)
}

func (f *flags) duration(to *time.Duration, name string, initial, least time.Duration, usage string) {
	*to = initial
	f.Var(value[time.Duration]{to, func(text string) (time.Duration, error) {
		d, err := time.ParseDuration(text)
		if err != nil || d < least {
			return 0, fmt.Errorf("want a duration such as 500ms or 2m30s, at least %v", least)
		}
		return d, nil
	}}, name, usage)
	f.unset(name, initial < least)
}

func (f *flags) choice(to *string, name string, options []string, usage string) {
	*to = options[0]
	f.Var(value[string]{to, func(text string) (string, error) {
		if !slices.Contains(options, text) {
			return "", fmt.Errorf("want %s", strings.Join(options, " or "))
		}
		return text, nil
	}}, name, usage)
}

func (f *flags) text(to *string, name, initial, usage string) { f.StringVar(to, name, initial, usage) }

// yesNo is true when given without a value.
func (f *flags) yesNo(to *bool, name, usage string) {
	f.Var(boolean{value[bool]{to, func(text string) (bool, error) {
		yes, err := strconv.ParseBool(text)
		if err != nil {
			return false, errors.New("want true or false")
		}
		return yes, nil
	}}}, name, usage)
}

type boolean struct{ value[bool] }

// IsBoolFlag tells package flag that no value has to follow.
func (boolean) IsBoolFlag() bool { return true }
