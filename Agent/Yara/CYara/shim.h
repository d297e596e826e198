#if !__has_include(<yara.h>)
#error "libyara's headers are missing: apt-get install libyara-dev, or let ./dev do it"
#endif
#include <yara.h>
