// The Common Expression Language, after its language definition. What is expected at a place, and so what the message of
// a syntax error lists, follows from the order of the tokens and from how the rules are cut.
grammar CEL;

start : expr EOF ;

expr : disjunction ('?' disjunction ':' expr)? ;
disjunction : conjunction ('||' conjunction)* ;
conjunction : comparison ('&&' comparison)* ;

comparison
  : arithmetic
  | comparison ('<' | '<=' | '>=' | '>' | '==' | '!=' | 'in') comparison
  ;

arithmetic
  : prefixed
  | arithmetic ('*' | '/' | '%') arithmetic
  | arithmetic ('+' | '-') arithmetic
  ;

prefixed
  : postfixed
  | '!'+ postfixed
  | '-'+ postfixed
  ;

postfixed
  : operand
  | postfixed '.' '?'? fieldName
  | postfixed '.' IDENTIFIER '(' argumentList? ')'
  | postfixed '[' '?'? expr ']'
  ;

operand
  : '.'? IDENTIFIER
  | '.'? IDENTIFIER '(' argumentList? ')'
  | '(' expr ')'
  | '[' elements? ','? ']'
  | '{' mapEntries? ','? '}'
  | '.'? IDENTIFIER ('.' IDENTIFIER)* '{' fieldValues? ','? '}'
  | literal
  ;

argumentList : expr (',' expr)* ;
elements : element (',' element)* ;
fieldValues : fieldKey ':' expr (',' fieldKey ':' expr)* ;
fieldKey : '?'? fieldName ;
mapEntries : element ':' expr (',' element ':' expr)* ;
fieldName : IDENTIFIER | ESC_IDENTIFIER ;
element : '?'? expr ;

literal
  : '-'? NUM_INT
  | NUM_UINT
  | '-'? NUM_FLOAT
  | STRING
  | BYTES
  | 'true'
  | 'false'
  | 'null'
  ;

EQUALS : '==' ;
NOT_EQUALS : '!=' ;
IN : 'in' ;
LESS : '<' ;
LESS_EQUALS : '<=' ;
GREATER_EQUALS : '>=' ;
GREATER : '>' ;
AND : '&&' ;
OR : '||' ;

LBRACKET : '[' ;
RBRACKET : ']' ;
LBRACE : '{' ;
RBRACE : '}' ;
LPAREN : '(' ;
RPAREN : ')' ;
DOT : '.' ;
COMMA : ',' ;
MINUS : '-' ;
BANG : '!' ;
QUESTION : '?' ;
COLON : ':' ;
PLUS : '+' ;
STAR : '*' ;
SLASH : '/' ;
PERCENT : '%' ;
TRUE : 'true' ;
FALSE : 'false' ;
NULL : 'null' ;

fragment LETTER : [A-Za-z] ;
fragment DIGIT : [0-9] ;
fragment HEX : [0-9a-fA-F] ;
fragment EXPONENT : [eE] [+-]? DIGIT+ ;
fragment RAW : [rR] ;

fragment ESCAPE
  : '\\' [abfnrtv"'`\\?]
  | '\\' [xX] HEX HEX
  | '\\' 'u' HEX HEX HEX HEX
  | '\\' 'U' HEX HEX HEX HEX HEX HEX HEX HEX
  | '\\' [0-3] [0-7] [0-7]
  ;

WHITESPACE : [\t \r\n\f]+ -> channel(HIDDEN) ;
COMMENT : '//' ~'\n'* -> channel(HIDDEN) ;

NUM_FLOAT
  : DIGIT+ '.' DIGIT+ EXPONENT?
  | DIGIT+ EXPONENT
  | '.' DIGIT+ EXPONENT?
  ;
NUM_INT : DIGIT+ | '0x' HEX+ ;
NUM_UINT : DIGIT+ [uU] | '0x' HEX+ [uU] ;

STRING
  : '"' (ESCAPE | ~[\\"\n\r])* '"'
  | '\'' (ESCAPE | ~[\\'\n\r])* '\''
  | '"""' (ESCAPE | ~'\\')*? '"""'
  | '\'\'\'' (ESCAPE | ~'\\')*? '\'\'\''
  | RAW '"' ~["\n\r]* '"'
  | RAW '\'' ~['\n\r]* '\''
  | RAW '"""' .*? '"""'
  | RAW '\'\'\'' .*? '\'\'\''
  ;
BYTES : [bB] STRING ;

IDENTIFIER : (LETTER | '_') (LETTER | DIGIT | '_')* ;
ESC_IDENTIFIER : '`' (LETTER | DIGIT | [_.\-/ ])+ '`' ;
