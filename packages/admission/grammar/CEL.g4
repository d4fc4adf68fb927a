// The Common Expression Language, after its language definition. What is expected at a place, and so what the message of
// a syntax error lists, follows from the order of the tokens and from how the rules are cut.
grammar CEL;

start : expr EOF ;

expr : conditionalOr ('?' conditionalOr ':' expr)? ;
conditionalOr : conditionalAnd ('||' conditionalAnd)* ;
conditionalAnd : relation ('&&' relation)* ;

relation
  : calc
  | relation ('<' | '<=' | '>=' | '>' | '==' | '!=' | 'in') relation
  ;

calc
  : unary
  | calc ('*' | '/' | '%') calc
  | calc ('+' | '-') calc
  ;

unary
  : member # Plain
  | '!'+ member # Not
  | '-'+ member # Negate
  ;

member
  : primary # First
  | member '.' '?'? escapeIdent # Select
  | member '.' IDENTIFIER '(' exprList? ')' # MemberCall
  | member '[' '?'? expr ']' # Index
  ;

primary
  : '.'? IDENTIFIER # Ident
  | '.'? IDENTIFIER '(' exprList? ')' # GlobalCall
  | '(' expr ')' # Nested
  | '[' listInit? ','? ']' # CreateList
  | '{' mapInitializerList? ','? '}' # CreateMap
  | '.'? IDENTIFIER ('.' IDENTIFIER)* '{' fieldInitializerList? ','? '}' # CreateMessage
  | literal # Constant
  ;

exprList : expr (',' expr)* ;
listInit : optExpr (',' optExpr)* ;
fieldInitializerList : optField ':' expr (',' optField ':' expr)* ;
optField : '?'? escapeIdent ;
mapInitializerList : optExpr ':' expr (',' optExpr ':' expr)* ;
escapeIdent : IDENTIFIER | ESC_IDENTIFIER ;
optExpr : '?'? expr ;

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
LOGICAL_AND : '&&' ;
LOGICAL_OR : '||' ;

LBRACKET : '[' ;
RBRACKET : ']' ;
LBRACE : '{' ;
RBRACE : '}' ;
LPAREN : '(' ;
RPAREN : ')' ;
DOT : '.' ;
COMMA : ',' ;
MINUS : '-' ;
EXCLAM : '!' ;
QUESTIONMARK : '?' ;
COLON : ':' ;
PLUS : '+' ;
STAR : '*' ;
SLASH : '/' ;
PERCENT : '%' ;
CEL_TRUE : 'true' ;
CEL_FALSE : 'false' ;
NUL : 'null' ;

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
