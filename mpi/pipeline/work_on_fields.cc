#include "mpi/pipeline/work_on_fields.h"

namespace faintweb::pipeline {}  // namespace faintweb::pipeline
