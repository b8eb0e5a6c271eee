// SPDX-License-Identifier: MPL-2.0

package kanberttest

import (
	"fmt"
	"strings"
)

// Locale is the language of the texts of a 422.
type Locale int

// The supported languages. BareKeys is an application without translations.
const (
	English Locale = iota
	German
	Slovak
	BareKeys // validation.unique
)

// validationRule is a Laravel rule that a field can break.
type validationRule string

const (
	ruleRequired   validationRule = "required"
	ruleRequiredIf validationRule = "required_if"
	ruleString     validationRule = "string"
	ruleURL        validationRule = "url"
	ruleMax        validationRule = "max.string"
	ruleMaxNumber  validationRule = "max.numeric"
	ruleIn         validationRule = "in"
	ruleUnique     validationRule = "unique"
)

// texts have the field at ":attribute" and the rule's parameter at ":value". The
// English ones are Laravel's, the others those of its usual translations.
var texts = map[Locale]map[validationRule]string{
	English: {
		ruleRequired:   "The :attribute field is required.",
		ruleRequiredIf: "The :attribute field is required when event is :value.",
		ruleString:     "The :attribute field must be a string.",
		ruleURL:        "The :attribute field must be a valid URL.",
		ruleMax:        "The :attribute field must not be greater than :value characters.",
		ruleMaxNumber:  "The :attribute field must not be greater than :value.",
		ruleIn:         "The selected :attribute is invalid.",
		ruleUnique:     "The :attribute has already been taken.",
	},
	German: {
		ruleRequired:   ":attribute muss ausgefüllt werden.",
		ruleRequiredIf: ":attribute muss ausgefüllt werden, wenn event den Wert :value hat.",
		ruleString:     ":attribute muss ein String sein.",
		ruleURL:        ":attribute muss eine URL sein.",
		ruleMax:        ":attribute darf maximal :value Zeichen haben.",
		ruleMaxNumber:  ":attribute darf maximal :value sein.",
		ruleIn:         "Der gewählte Wert für :attribute ist ungültig.",
		ruleUnique:     "Der Wert von :attribute ist bereits vergeben.",
	},
	Slovak: {
		ruleRequired:   ":attribute je povinné.",
		ruleRequiredIf: ":attribute je povinné keď event je :value.",
		ruleString:     ":attribute musí byť reťazec znakov.",
		ruleURL:        ":attribute musí mať formát URL.",
		ruleMax:        ":attribute nemôže mať viac ako :value znakov.",
		ruleMaxNumber:  ":attribute nemôže byť väčšie ako :value.",
		ruleIn:         "označené :attribute je neplatné.",
		ruleUnique:     ":attribute už existuje.",
	},
}

// text returns, in the language, that a field breaks a rule.
func (l Locale) text(rule validationRule, field string, value ...string) string {
	text, known := texts[l][rule]
	if !known {
		return "validation." + string(rule)
	}
	return strings.NewReplacer(":attribute", strings.ReplaceAll(field, "_", " "), ":value", strings.Join(value, ", ")).Replace(text)
}

// more returns how many errors there are besides the first.
func (l Locale) more(n int) string {
	switch {
	case n == 0:
		return ""
	case l == German && n == 1:
		return " (und 1 weiterer Fehler)"
	case l == German:
		return fmt.Sprintf(" (und %d weitere Fehler)", n)
	case n == 1:
		return " (and 1 more error)" // Most translations do not translate this.
	}
	return fmt.Sprintf(" (and %d more errors)", n)
}
