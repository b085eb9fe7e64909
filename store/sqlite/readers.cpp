#include "store/sqlite/readers.h"

namespace muster::store::sqlite {

Result<void> Readers::read(const sql::Work& work) {
    const auto give = [this](Connection* used) { give_back(std::unique_ptr<Connection>(used)); };
    const std::unique_ptr<Connection, decltype(give)> connection(take().release(), give);
    return work(*connection);
}

std::unique_ptr<Connection> Readers::take() {
    std::unique_lock lock(mutex_);
    given_back_.wait(lock, [this] { return !free_.empty(); });
    std::unique_ptr<Connection> connection = std::move(free_.back());
    free_.pop_back();
    return connection;
}

void Readers::give_back(std::unique_ptr<Connection> connection) {
    {
        const std::scoped_lock lock(mutex_);
        free_.push_back(std::move(connection));
    }
    given_back_.notify_one();
}

} // namespace muster::store::sqlite
