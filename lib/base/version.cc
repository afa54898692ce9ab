#include "lib/base/version.h"

namespace faintweb::base {

std::string version() {
    return FAINTWEB_VERSION;
}

}  // namespace faintweb::base
